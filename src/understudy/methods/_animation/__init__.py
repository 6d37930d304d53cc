"""What the animations of this folder share, so that a study compares networks and losses and nothing else: the framed
frames of many people, ready to be sampled in pairs (`pool`, `samples`), the source's picture, the driver's frames and
the frame at which both stand alike (`pictures`), the loss that looks at pictures at several scales (`perceptual`), and
the picture of a training (`preview`).

Legend of shapes: B batch, S side of the network's pictures; pictures are RGB, float32 in [0, 1].
"""

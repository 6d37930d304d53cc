"""What each value of the score table means, in a sentence for whoever reads a table and not the code."""

_EMBEDDING = "dlib's face embedding (a ResNet, 128 numbers); below 0.6 two faces are called the same person"
_TRUTH = {
    "truth": "the exact swap, inside the face, in the published frames",
    "re-performance": "the source's own rendering of the driver's performance, inside the face",
}

MEANING: dict[str, str] = {
    "frames without a face": "Frames in which the detector finds no face: what is measured on faces leaves them out.",
    "identity distance to source": f"Mean distance to the source's face: {_EMBEDDING}.",
    "identity distance to driver": f"Mean distance to the driver's own face: {_EMBEDDING}.",
    "identity similarity to source": "The same embedding, compared by the cosine of the angle.",
    "identity similarity to driver": "The same embedding, compared by the cosine of the angle.",
    "nearer to source": "Frames whose face embedding is nearer to the source's than to the driver's.",
    "landmark error": "Mean distance of the 68 landmarks to the driver's. It holds the shape of the face as well: "
    "read it beside the truth's.",
    "pose error": "Angle between the head's pose and the driver's, each estimated from landmarks.",
    "yaw error": "Difference of the head's turn to the side.",
    "pitch error": "Difference of the head's nod.",
    "roll error": "Difference of the head's tilt.",
    "pose motion error": "The pose error once each clip's median difference is taken off: another face shape is not "
    "another movement.",
    "expression error": "Distance of the landmarks of eyes, brows and mouth to the driver's, pose and size taken out.",
    "expression motion error": "The expression error once each clip's median difference is taken off.",
    "flicker": "Change from frame to frame along the driver's optical flow, beyond the driver's own. Below 0 is "
    "smoother than the driver, as a blurred face is.",
    "lip lag": "Shift of the lips' opening against the driver's at which the two agree best.",
    "lip correlation": "How far the lips' opening follows the driver's, at that shift.",
    "sync offset": "Shift of the lips less the shift of the sound, both against the driver: 0 is in sync.",
    "sound correlation": "How far the sound is the driver's, at its best shift.",
}
"""The name of a value -> what it means."""

for _name, _against in _TRUTH.items():
    MEANING |= {
        f"PSNR to {_name}": f"Peak signal-to-noise ratio to {_against}.",
        f"SSIM to {_name}": f"Structural similarity (Wang et al. 2004) to {_against}. It likes smooth pictures: read "
        "it beside the L1 and the share of frames without a face.",
        f"L1 to {_name}": f"Mean absolute difference to {_against}.",
    }

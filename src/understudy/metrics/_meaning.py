"""What each value of the score table means, in a sentence for whoever reads a table and not the code."""

_EMBEDDING = "dlib's face embedding (a ResNet, 128 numbers); below 0.6 two faces are called the same person"
_TRUTH = {
    "truth": "the exact fake, inside the face (of a lip-sync the lower face), in the published frames",
    "re-performance": "the source's own rendering of the driver's performance, inside the face",
}
_VOICE = "a network that tells speakers apart (d-vectors, Resemblyzer's weights): 1 is the same, strangers reach 0.7"
_THERE = "in the fake than in the driver's own recording, over how many are in that. It knows English alone."

MEANING: dict[str, str] = {
    "frames without a face": "Frames in which the detector finds no face: what is measured on faces leaves them out.",
    "identity distance to source": f"Mean distance to the source's face: {_EMBEDDING}.",
    "identity distance to driver": f"Mean distance to the driver's own face: {_EMBEDDING}.",
    "identity similarity to source": "The same embedding, compared by the cosine of the angle.",
    "identity similarity to driver": "The same embedding, compared by the cosine of the angle.",
    "nearer to source": "Frames whose face embedding is nearer to the source's than to the driver's.",
    "identity retrieval": "Frames whose face embedding is nearest to the source's among all subjects of the study. "
    "Chance is one over their number.",
    "retrieval margin": "How much nearer the fake's face is to the source's than to the nearest other subject's.",
    "landmark error": "Mean distance of the 68 landmarks to the driver's. It holds the shape of the face as well: "
    "read it beside the truth's.",
    "pose error": "Angle between the head's pose and the driver's, each estimated from landmarks.",
    "yaw error": "Difference of the head's turn to the side.",
    "pitch error": "Difference of the head's nod.",
    "roll error": "Difference of the head's tilt.",
    "pose motion error": "The pose error once each clip's median difference is taken off: another face shape is not "
    "another movement.",
    "pose error to labels": "Angle between the fake's estimated pose and the driver's true one, known of synthetic "
    "actors. It holds the estimate's own bias: read it beside the driver's.",
    "pose motion error to labels": "The pose error to labels once each clip's median difference is taken off.",
    "expression error": "Distance of the landmarks of eyes, brows and mouth to the driver's, pose and size taken out.",
    "expression motion error": "The expression error once each clip's median difference is taken off.",
    "blendshape error": "Difference of jaw, smile, rounding of the lips and blink to the driver's, as weights of face "
    "units fitted to landmarks of both, each from its clip's mean.",
    "blendshape error to labels": "The same difference to the driver's true weights, known of synthetic actors.",
    "blendshape correlation to labels": "How far the fitted weights follow the driver's true ones over the clip.",
    "flicker": "Change from frame to frame along the driver's optical flow, beyond the driver's own. Below 0 is "
    "smoother than the driver, as a blurred face is.",
    "lip lag": "Shift of the lips' opening against the driver's at which the two agree best; in a lip-sync against the "
    "exact fake's.",
    "lip correlation": "How far the lips' opening follows the driver's (in a lip-sync the exact fake's) at that shift.",
    "sync offset": "Shift of the lips less the shift of the sound, both against the driver (in a lip-sync the exact "
    "fake): 0 is in sync.",
    "sound correlation": "How far the sound is the driver's, at its best shift.",
    "lip lag to loudness": "Shift of the lips' opening against the sound's loudness at which they agree best: a hint "
    "of sync, where the right lips are not known.",
    "loudness confidence": "How much better they agree there than elsewhere. Other words reach it too in short clips.",
    "mask overlap": "How far the region that the method replaced is the one that an exact swap replaces: what both "
    "have over what either has.",
    "seam energy": "Change of colour from pixel to pixel across the border of what was replaced, beyond the driver's "
    "along the same line. Below 0 is softer than the driver.",
    "seam colour": "Colour difference between just inside and just outside that border, beyond the driver's.",
    "L1 of the frame": "Mean absolute difference of the whole frame to the exact fake.",
    "MSE of the frame": "Mean squared difference of the whole frame to the exact fake.",
    "PSNR of the frame": "Peak signal-to-noise ratio of the whole frame to the exact fake.",
    "SSIM of the frame": "Structural similarity (Wang et al. 2004) of the whole frame to the exact fake.",
    "AKD": "Average keypoint distance: of the 68 landmarks to those of the exact fake, in a picture of 256 pixels.",
    "AED": f"Average Euclidean distance of the fake's face to the exact fake's: {_EMBEDDING}.",
    "missing keypoint rate": "Frames in which the exact fake has a face and the fake has none: AKD and AED leave them "
    "out.",
    "lip landmark error": "Mean distance of the lips' landmarks to the exact fake's, the faces laid over each other.",
    "mouth shape error": "The same distance, the mouths laid over each other: their shape alone.",
    "lip opening correlation": "How far the lips' opening follows the exact fake's, frame by frame.",
    "LPIPS to truth": "Perceptual distance (Zhang et al. 2018, AlexNet, version 0.1) to the exact fake, face cut out.",
    "FID to truth": "Frechet distance of Inception's features of the fake's faces and the exact fake's. Biased for few "
    "frames: compare equal n, and no published number.",
    "speaker similarity to source": f"How near the fake's voice is to the source's recordings, by {_VOICE}.",
    "speaker similarity to driver": f"How near the fake's voice still is to the driver's recordings, by {_VOICE}.",
    "voice nearer to source": "Stretches of 1.6 s whose voice is nearer to the source's than to the driver's.",
    "mel-cepstral distortion": "Distance of the fake's spectrum to that of the source saying the same, in step, "
    "loudness left out.",
    "F0 error": "How far the fake's pitch strays from the driver's, once each has its own height: 100 cents are a "
    "semitone.",
    "F0 correlation": "How far the fake's pitch rises and falls with the driver's.",
    "F0 height difference": "How much higher the fake speaks than the source does: 100 cents are a semitone.",
    "voicing error": "Moments in which one of fake and driver is voiced and the other is not.",
    "voice lag": "Shift of the fake's sound against the driver's at which they agree best: above 0 is late.",
    "voice lag agreement": "How far their loudness changes alike at that shift.",
    "duration difference": "How much longer the fake's sound is than the driver's.",
    "loudness difference": "How much louder the fake is than the driver, by ITU-R BS.1770.",
    "clipped share": "Samples that were cut off at full scale.",
    "signal-to-noise ratio": "How far the voice is above what lasts beneath it, estimated from the fake alone.",
    "content distance": "How far the fake's sounds are from the driver's, in step, what a voice adds taken out: 0 is "
    "the same, 1 any two moments of speech. A stand-in for the error rates of a recogniser.",
    "word error rate": f"Words that a recogniser (wav2vec 2.0) hears otherwise {_THERE}",
    "character error rate": f"Characters that a recogniser (wav2vec 2.0) hears otherwise {_THERE}",
    "predicted naturalness": "What listeners would score the voice by itself, from 1 to 5, as NISQA-TTS predicts it.",
}
"""The name of a value -> what it means."""

_EXPERTS = {
    "published expert": "Wav2Lip's published lip-sync expert, which learnt from people who were not asked",
    "own expert": "the lip-sync expert of the study's own pretraining, which others do not have",
}
for _name, _expert in _EXPERTS.items():
    MEANING |= {
        f"LSE-D by {_name}": f"Lip-sync error: distance of lips and sound at the shift where they are nearest, to "
        f"{_expert}. No other expert's can be compared with it.",
        f"LSE-C by {_name}": f"How much nearer the two are there than at other shifts, to {_expert}: 0 is no sync.",
        f"offset by {_name}": f"That shift, to {_expert}; lips that are late are above 0.",
    }

for _name, _against in _TRUTH.items():
    MEANING |= {
        f"PSNR to {_name}": f"Peak signal-to-noise ratio to {_against}.",
        f"SSIM to {_name}": f"Structural similarity (Wang et al. 2004) to {_against}. It likes smooth pictures: read "
        "it beside the L1 and the share of frames without a face.",
        f"L1 to {_name}": f"Mean absolute difference to {_against}.",
    }

"""What is written in the waves of a file, if it can be believed: the same for picture and sound."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from understudy.watermark.code import CODED, decode, encode
from understudy.watermark.found import BELIEVED, Found, chance
from understudy.watermark.tile import SYNC


def read(
    fits_K: NDArray[np.float64], bits_K: NDArray[np.integer], tried: int, detail: Mapping[str, float]
) -> Found | None:
    """The mark, or None where the check is wrong or chance could have made it.

    fits_K: how well each wave is in phase with the key's, over the spread of their sum. bits_K: the coded bit that
    each carries, or SYNC. tried: places that were looked at. detail: of the place, passed on with `mended`.
    """
    data_K = bits_K != SYNC
    soft_144 = np.bincount(bits_K[data_K], fits_K[data_K], CODED).astype(np.float64)
    payload = decode(soft_144)
    if payload is None:
        return None
    signs_144 = encode(payload)
    score = float(fits_K[~data_K].sum() + soft_144 @ signs_144)
    doubt = chance(score, tried)
    if doubt > BELIEVED:
        return None
    mended = float((soft_144 * signs_144 <= 0).sum())
    return Found(payload=payload, confidence=1 - doubt, score=score, detail={**detail, "mended": mended})

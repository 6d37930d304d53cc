"""The code of a mark: 32 bits, a check of 16, and a convolutional code that corrects errors.

The check is CRC-16/CCITT-FALSE. The code is the tail-biting convolutional code of rate 1/3 and constraint length 7
with generators 133, 165, 171 (octal): 48 bits become 144. Decoding is exactly maximum-likelihood: one Viterbi search
for each of the 64 states that a path may start and must end in (Ma & Wolf, On Tail Biting Convolutional Codes, IEEE
Transactions on Communications 34(2), 1986), all 64 at once.
"""

import functools

import numpy as np
from numpy.typing import NDArray

PAYLOAD_BITS, CHECK_BITS = 32, 16
BITS = PAYLOAD_BITS + CHECK_BITS
RATE = 3
CODED = RATE * BITS
# Half the code's least distance, rounded down: so many wrong bits out of 144 are always mended (a test counts).
CORRECTS = 7
_GENERATORS = (0o133, 0o165, 0o171)
_STATES = 64
# What an unmarked file would have to pass by chance, beside the threshold of the sync search.
CHANCE = 2.0**-CHECK_BITS


def check(payload: int) -> int:
    """CRC-16/CCITT-FALSE over the payload's four bytes, most significant first."""
    register = 0xFFFF
    for byte in payload.to_bytes(PAYLOAD_BITS // 8, "big"):
        register ^= byte << 8
        for _ in range(8):
            register = ((register << 1) ^ (0x1021 if register & 0x8000 else 0)) & 0xFFFF
    return register


@functools.cache
def _outputs() -> NDArray[np.int8]:
    """signs_R3: what leaves the encoder, -1 or 1, for each content R of its register of 7 bits, the newest last."""
    registers = np.arange(2 * _STATES)[:, None] & np.array(_GENERATORS)
    return np.where(np.bitwise_count(registers) & 1, 1, -1).astype(np.int8)


def encode(payload: int) -> NDArray[np.int8]:
    """signs_144, -1 or 1, of a payload of 32 bits."""
    word = (payload << CHECK_BITS) | check(payload)
    return encode_word(np.array([(word >> (BITS - 1 - n)) & 1 for n in range(BITS)]))


def encode_word(bits_48: NDArray[np.integer]) -> NDArray[np.int8]:
    """signs_144 of any 48 bits, whether or not their check is right."""
    ring = np.concatenate([bits_48[-6:], bits_48])
    registers = sum(ring[6 - delay : 6 - delay + BITS] << delay for delay in range(7))
    return np.asarray(_outputs()[registers].reshape(-1), np.int8)


def decode_word(soft_144: NDArray[np.floating]) -> NDArray[np.int8]:
    """The 48 bits whose signs correlate best with `soft_144`: positive where a 1 was likely, in any unit."""
    branches_TR = soft_144.reshape(BITS, RATE) @ _outputs().T.astype(np.float64)
    state = np.arange(_STATES)
    older = state >> 1  # the state before, had the bit that falls out been 0; with 32 added, had it been 1
    metric_SN = np.where(np.eye(_STATES, dtype=bool), 0.0, -np.inf)
    chosen_TSN = np.empty((BITS, _STATES, _STATES), bool)
    for step, branch_R in enumerate(branches_TR):
        low = metric_SN[:, older] + branch_R[state]
        high = metric_SN[:, older + 32] + branch_R[state + 64]
        chosen_TSN[step] = high > low
        metric_SN = np.maximum(low, high)
    start = now = int(np.argmax(metric_SN.diagonal()))
    bits = np.empty(BITS, np.int8)
    for step in reversed(range(BITS)):
        bits[step] = now & 1
        now = (now >> 1) + 32 * int(chosen_TSN[step, start, now])
    return bits


def decode(soft_144: NDArray[np.floating]) -> int | None:
    """The payload whose code fits best, or None where its check is wrong."""
    word = int("".join(map(str, decode_word(soft_144))), 2)
    found = word >> CHECK_BITS
    return found if check(found) == word & 0xFFFF else None

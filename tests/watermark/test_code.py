"""The code: what it corrects, and that its check is the one it says."""

import binascii
import hashlib
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.watermark import code, payload
from understudy.watermark.code import BITS, CODED, CORRECTS, decode, decode_word, encode, encode_word


@given(st.integers(0, 2**32 - 1))
def test_the_check_is_crc_ccitt(word: int) -> None:
    assert code.check(word) == binascii.crc_hqx(word.to_bytes(4, "big"), 0xFFFF)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, CODED - 1), max_size=CORRECTS, unique=True))
def test_so_many_wrong_bits_as_it_claims_are_mended_wherever_they_are(word: int, wrong: list[int]) -> None:
    soft = encode(word).astype(np.float64)
    soft[wrong] *= -1
    assert decode(soft) == word


def test_bursts_of_so_many_wrong_bits_are_mended_also_across_the_end() -> None:
    for start in range(CODED):
        soft = encode(0x12345678).astype(np.float64)
        soft[(start + np.arange(CORRECTS)) % CODED] *= -1
        assert decode(soft) == 0x12345678


def test_no_two_words_differ_in_fewer_bits_than_that_needs() -> None:
    # The code is linear: the least distance is the least weight. Light words are short detours from state zero.
    nothing, least = encode_word(np.zeros(BITS, int)), CODED
    for span in range(12):
        for inner in itertools.product((0, 1), repeat=max(span - 1, 0)):
            bits = np.zeros(BITS, int)
            bits[: span + 1] = ([1, *inner, 1])[: span + 1] if span else [1]
            least = min(least, int((encode_word(bits) != nothing).sum()))
    assert least == 2 * CORRECTS + 1


def test_the_ring_has_no_beginning() -> None:
    bits = np.random.default_rng(0).integers(0, 2, BITS)
    for turn in (1, 7, 31):
        assert np.array_equal(encode_word(np.roll(bits, turn)), np.roll(encode_word(bits), 3 * turn))


def test_decoding_finds_the_word_that_fits_best_of_all() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        soft = rng.normal(size=CODED)
        best = decode_word(soft)
        fit = float(soft @ encode_word(best))
        others = [best ^ (np.arange(BITS) == place) for place in range(BITS)] + list(rng.integers(0, 2, (200, BITS)))
        assert all(float(soft @ encode_word(other)) <= fit + 1e-9 for other in others)


def test_noise_passes_the_check_about_once_in_65536() -> None:
    rng = np.random.default_rng(2)
    assert sum(decode(rng.normal(size=CODED)) is not None for _ in range(400)) <= 1


def test_erased_bits_are_filled_in() -> None:
    soft = encode(0xDEADBEEF).astype(np.float64)
    soft[np.random.default_rng(3).permutation(CODED)[:40]] = 0
    assert decode(soft) == 0xDEADBEEF


@pytest.mark.parametrize("version", ["1", "2"])
def test_the_payload_is_32_bits_of_the_study_and_its_version(version: str) -> None:
    text = f"understudy study default/{version}"
    assert f"{payload('default', version):08x}" == hashlib.sha256(text.encode()).hexdigest()[:8]

"""Extraction: from a recording to the segments of its speech, with memory that does not grow with its length."""

import contextlib
import dataclasses
import math
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from understudy import files
from understudy.errors import SpeechError
from understudy.media.wav import write_wav
from understudy.speech.judging import REASONS, hear, judge
from understudy.speech.loudness import integrated_loudness
from understudy.speech.recording import Recording, record
from understudy.speech.segmenting import Segmenting
from understudy.speech.segments import CARD, PICTURE, TABLE, VERSION, WAVS, Segments, path_of
from understudy.speech.voices import compare

_DIGITS = 4  # of the table: enough for 0.1 ms, and the same on every machine
_PEAK = 10 ** (-1 / 20)  # the largest sample after the gain
_NARROW = 0.8  # share of the wanted rate below which a recording's own is told


def extract(clip: Path, out: Path, settings: Segmenting) -> Segments:
    """Extracts the speech of a clip or recording into the folder `out` and opens it; see segments.

    Raises MediaError when the clip cannot be read or has no sound, SpeechError when fewer than `settings.fewest`
    segments are of use, DiskError when the disk is full.
    """
    from understudy.speech.picture import draw  # brings matplotlib, which those who only read segments do without

    clip, out = Path(clip), Path(out)
    with files.whole_folder(out) as folder, _spooling(out) as spool:
        recording = record(clip, spool, settings.rate)
        heard = hear(recording)
        table = judge(heard, settings)
        table[["start_s", "seconds"]] = table[["start_s", "seconds"]].round(_DIGITS)
        if int(table["kept"].sum()) < settings.fewest:
            raise _too_few(clip, table, settings)
        warnings = [*_told(recording, settings), *compare(recording, table)]
        (folder / WAVS).mkdir()
        gain, loudness = _write(recording, table, folder, settings)
        table.round(_DIGITS).to_csv(folder / TABLE, index=False, lineterminator="\n")
        files.write_json(folder / CARD, _card(recording, table, settings, (gain, loudness), warnings))
        draw(folder / PICTURE, clip.name, recording, table, warnings)
    return Segments.open(out)


def _write(recording: Recording, table: pd.DataFrame, folder: Path, settings: Segmenting) -> tuple[float, float]:
    """Writes the kept segments, all with one gain; returns that in dB, and the loudness that they then have (LUFS)."""
    kept, rate = table[table["kept"]], recording.rate
    spans = zip(kept["start_s"].to_numpy(float), kept["seconds"].to_numpy(float), strict=True)
    parts = [recording.full_N[round(start * rate) : round((start + seconds) * rate)] for start, seconds in spans]
    files.require_room(folder, 2 * sum(map(len, parts)))
    # Segments have about the same length, so that their powers may be averaged as if they were one recording.
    powers = [10 ** (integrated_loudness(part, rate) / 10) for part in parts]
    loudness = 10 * math.log10(max(float(np.average(powers, weights=[len(part) for part in parts])), 1e-12))
    gain = 1.0
    if settings.loudness is not None:
        peak = max(float(np.abs(part).max()) for part in parts)
        gain = min(10 ** ((settings.loudness - loudness) / 20), _PEAK / peak)
    for number, part in zip(kept["number"].to_numpy(int), parts, strict=True):
        write_wav(path_of(folder, int(number)), np.asarray(part * np.float32(gain)), rate)
    decibels = 20 * math.log10(gain)
    return decibels, loudness + decibels


def _told(recording: Recording, settings: Segmenting) -> list[str]:
    """What a person should know of a recording that is used all the same."""
    if recording.native >= _NARROW * settings.rate:
        return []
    return [
        f"it was recorded at {recording.native / 1000:g} kHz: there is nothing above {recording.native / 2000:g} kHz, "
        f"and a voice learned from it at {settings.rate / 1000:g} kHz sounds dull"
    ]


def _too_few(clip: Path, table: pd.DataFrame, settings: Segmenting) -> SpeechError:
    counts = table.loc[~table["kept"] & (table["reason"] != "silence"), "reason"].value_counts()
    why = ", ".join(f"{count} {reason} ({REASONS[str(reason)]})" for reason, count in counts.items())
    return SpeechError(
        clip,
        f"{int(table['kept'].sum())} segments of its speech are of use, and {settings.fewest} are the fewest "
        f"({'dropped: ' + why if why else 'no speech is heard in it'})",
        "Give a recording in which one person speaks, or loosen the limit that drops them.",
    )


def _card(
    recording: Recording, table: pd.DataFrame, settings: Segmenting, raised: tuple[float, float], warnings: list[str]
) -> dict[str, Any]:
    """What segments say of themselves: no dates and no folders, so that the same clip gives the same bytes."""
    seconds = table.groupby("reason")["seconds"].sum()
    return {
        "version": VERSION,
        "clip": recording.path.name,
        "sha256": files.sha256(recording.path),
        "rate": recording.rate,
        "recorded_rate": recording.native,
        "recorded_seconds": round(recording.seconds, _DIGITS),
        "kept": int(table["kept"].sum()),
        "kept_seconds": round(float(seconds.get("", 0.0)), _DIGITS),
        "dropped_seconds": {reason: round(float(seconds.get(reason, 0.0)), _DIGITS) for reason in REASONS},
        "gain_db": round(raised[0], _DIGITS),
        "loudness_lufs": round(raised[1], _DIGITS),
        "settings": dataclasses.asdict(settings),
        "warnings": warnings,
    }


@contextlib.contextmanager
def _spooling(out: Path) -> Iterator[Path]:
    """A folder beside `out` for decoded samples, which is removed in the end."""
    folder = out.with_name(f".{out.name}.{uuid.uuid4().hex[:8]}.spool.part")
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)

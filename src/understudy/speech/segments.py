"""Segments: the speech that was cut out of one recording, in a folder that holds that and nothing else.

    segments/000.wav ...   what was kept: PCM, 16 bits, one channel
    segments.csv           a row for each stretch of the recording, dropped ones too
    card.json              what it was made from and with, and what there is to be warned of
    picture.png            the same for people

A converter that reads whole folders takes a stray file for a recording and shifts what belongs to what, without a word.
So opening a folder refuses every file that the table does not name, and every one that it names and that is not there.
"""

import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from understudy import files
from understudy.errors import SpeechError

VERSION = 1
WAVS, TABLE, CARD, PICTURE = "segments", "segments.csv", "card.json", "picture.png"
_REMEDY = "Delete the folder and extract the recording again."


@dataclass(frozen=True, kw_only=True, eq=False)
class Segments:
    """The kept segments of one recording.

    clip: the recording's file name. paths: the wavs, in order. table: see judging.COLUMNS; levels are those of the
    recording. rate: Hz. seconds: of all kept segments together. gain: dB that were added to what was recorded.
    warnings: what a person should know of it.
    """

    folder: Path
    clip: str
    paths: tuple[Path, ...]
    table: pd.DataFrame
    rate: int
    seconds: float
    gain: float
    warnings: tuple[str, ...]

    @classmethod
    def open(cls, folder: Path) -> "Segments":
        """Opens what `extract` wrote. Raises SpeechError when anything is missing, changed, or too much."""
        folder = Path(folder)
        for name in (TABLE, CARD, PICTURE, WAVS):
            if not (folder / name).exists():
                raise SpeechError(folder, f"'{name}' is missing from the extracted speech", _REMEDY)
        card = files.read_json(folder / CARD)
        if card["version"] != VERSION:
            raise SpeechError(folder, f"its speech was extracted by version {card['version']}", _REMEDY)
        table = pd.read_csv(folder / TABLE, keep_default_na=False, na_values={c: [""] for c in _NUMBERS})
        kept = table[table["kept"]]
        paths = tuple(path_of(folder, int(number)) for number in kept["number"].to_numpy(int))
        _require_just(folder, paths)
        for path, seconds in zip(paths, kept["seconds"].to_numpy(float), strict=True):
            _require(path, card["rate"], float(seconds))
        return cls(
            folder=folder,
            clip=card["clip"],
            paths=paths,
            table=table,
            rate=card["rate"],
            seconds=float(kept["seconds"].sum()),
            gain=card["gain_db"],
            warnings=tuple(card["warnings"]),
        )


_NUMBERS = ("level_db", "loudness_lufs", "snr_db", "f0_low_hz", "f0_high_hz", "voiced", "steady", "silence", "distance")


def path_of(folder: Path, number: int) -> Path:
    """The wav of segment `number`."""
    return folder / WAVS / f"{number:03d}.wav"


def _require_just(folder: Path, paths: tuple[Path, ...]) -> None:
    """Raises SpeechError unless the folder holds these wavs and what belongs to them, and no more."""
    wanted = {*paths, *(folder / name for name in (TABLE, CARD, PICTURE, WAVS))}
    # The workflow leaves a time stamp in the folders that it made.
    there = {*folder.iterdir(), *(folder / WAVS).iterdir()} - {folder / ".snakemake_timestamp"}
    if missing := sorted(wanted - there):
        raise SpeechError(missing[0], "the segment is missing", _REMEDY)
    if stray := sorted(there - wanted):
        fact = f"{len(stray)} file{'s do' if len(stray) > 1 else ' does'} not belong to the extracted speech"
        raise SpeechError(stray[0], fact, "Take it out of the folder: a converter would learn from it.")


def _require(path: Path, rate: int, seconds: float) -> None:
    """Raises SpeechError unless a wav has the form and the length that the table says."""
    try:
        with wave.open(str(path), "rb") as file:
            found: tuple[Any, ...] = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            length = file.getnframes()
    except (wave.Error, EOFError) as error:
        raise SpeechError(path, f"the segment is no wav any more ({error})", _REMEDY) from error
    if found != (1, 2, rate):
        fact = f"the segment has {found[0]} channels of {8 * found[1]} bits at {found[2]} Hz"
        raise SpeechError(path, fact, f"It was written as one of 16 at {rate}: somebody changed it. {_REMEDY}")
    if abs(length - seconds * rate) > 2:
        fact = f"the segment is {length / rate:.3f} s long and its table says {seconds:.3f} s"
        raise SpeechError(path, fact, _REMEDY)

"""Where a fake comes from: what it was made of, by which method and run, under whose consent."""

import dataclasses
import re
from typing import Any

from understudy.errors import ConfigError, ConsentError, nearest

_NEWSCODES = "http://cv.iptc.org/newscodes/digitalsourcetype/"

# The terms of IPTC's Digital Source Type vocabulary that a fake may claim; none of those for unaltered recordings.
DIGITAL_SOURCE_TYPES = frozenset(
    _NEWSCODES + term
    for term in (
        "trainedAlgorithmicMedia",
        "compositeWithTrainedAlgorithmicMedia",
        "compositeSynthetic",
        "composite",
        "algorithmicMedia",
        "algorithmicallyEnhanced",
    )
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lineage:
    """Where one fake comes from.

    source, driver: subjects; clip: the driver's clip. run: the training's id, None when nothing was trained. consents:
    ids of the consent records that allow it. log_head: the hash of the consent log's last event when they were asked.
    inputs: what went in, by name, as sha256; a swap and a voice name the 'driver clip' that they edit.
    digital_source_type: one of DIGITAL_SOURCE_TYPES. voice: for a face fake whose words are said in the source's voice,
    the method that made that sound; None where the sound is a recording, and for the family `voice`, whose method is
    `method`.

    Raises ConsentError without a consent record or the log's head, ConfigError for another digital source type or a
    voice that cannot be.
    """

    study: str
    version: str
    method: str
    family: str
    source: str
    driver: str
    clip: str
    seed: int
    run: str | None
    consents: tuple[str, ...]
    log_head: str
    inputs: dict[str, str]
    digital_source_type: str
    voice: str | None = None

    def __post_init__(self) -> None:
        name = f"the fake of {self.source} on {self.clip} by {self.method}"
        if not self.consents:
            raise ConsentError(name, "it names no consent record", "Pass the records' ids of the pair.")
        if not re.fullmatch(r"[0-9a-f]{64}", self.log_head):
            raise ConsentError(name, "it names no head of the consent log", "Pass the head of the log that was asked.")
        if self.digital_source_type not in DIGITAL_SOURCE_TYPES:
            fact = f"'{self.digital_source_type}' is not a digital source type of a fake"
            raise ConfigError(name, fact, nearest(self.digital_source_type, DIGITAL_SOURCE_TYPES))
        if self.voice is not None and (self.family == "voice" or not self.voice):
            fact = f"the voice '{self.voice}' in the family '{self.family}'"
            raise ConfigError(name, fact, "Name the voice's method for fakes of faces alone, None where there is none.")

    @property
    def speaks(self) -> bool:
        """Whether the sound is synthetic: then the fake is labelled for the ear, too."""
        return self.family == "voice" or self.voice is not None

    def plain(self) -> dict[str, Any]:
        """The lineage as JSON can hold it; without `voice` where there is none, as before there were voices."""
        said = dataclasses.asdict(self) | {"consents": list(self.consents)}
        return {name: value for name, value in said.items() if name != "voice" or value is not None}

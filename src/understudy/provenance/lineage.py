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
    inputs: what went in, by name, as sha256; a swap names the 'driver clip' that it edits. digital_source_type: one of
    DIGITAL_SOURCE_TYPES.

    Raises ConsentError without a consent record or the log's head, ConfigError for another digital source type.
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

    def __post_init__(self) -> None:
        name = f"the fake of {self.source} on {self.clip} by {self.method}"
        if not self.consents:
            raise ConsentError(name, "it names no consent record", "Pass the records' ids of the pair.")
        if not re.fullmatch(r"[0-9a-f]{64}", self.log_head):
            raise ConsentError(name, "it names no head of the consent log", "Pass the head of the log that was asked.")
        if self.digital_source_type not in DIGITAL_SOURCE_TYPES:
            fact = f"'{self.digital_source_type}' is not a digital source type of a fake"
            raise ConfigError(name, fact, nearest(self.digital_source_type, DIGITAL_SOURCE_TYPES))

    def plain(self) -> dict[str, Any]:
        """The lineage as JSON can hold it."""
        return dataclasses.asdict(self) | {"consents": list(self.consents)}

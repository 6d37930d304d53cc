"""Finished versions that were taken back: what stands beside the place of one after a withdrawal. It names nobody.

results/<study>/<version>.withdrawn.json
"""

import dataclasses
import datetime
from pathlib import Path
from typing import Any

from understudy.errors import VersionError
from understudy.files import read_json, write_json


@dataclasses.dataclass(frozen=True, kw_only=True)
class TakenBack:
    """One taking back. day: of the withdrawal. pairs: directions that the version lost, rows: of its table of scores.

    receipt: sha256 of the old version's hashes.json, empty when it had none. certificate: sha256 of what was signed.
    """

    day: datetime.date
    pairs: int
    rows: int
    receipt: str
    certificate: str

    def plain(self) -> dict[str, Any]:
        """As the file holds it."""
        return {**dataclasses.asdict(self), "day": str(self.day)}


def place(version: Path) -> Path:
    """Where it is said that the finished version in the folder `version` was taken back."""
    return version.with_name(f"{version.name}.withdrawn.json")


def taken_back(version: Path) -> tuple[TakenBack, ...]:
    """Every taking back of a version, in its order. Raises VersionError when the file is not as it was written."""
    path = place(Path(version))
    if not path.exists():
        return ()
    try:
        entries = [entry | {"day": datetime.date.fromisoformat(entry["day"])} for entry in read_json(path)]
        return tuple(TakenBack(**entry) for entry in entries)
    except (ValueError, TypeError, KeyError) as error:
        raise VersionError(
            path, f"does not say what was taken back ({error})", "Bring it back from a backup."
        ) from error


def note(version: Path, entry: TakenBack) -> None:
    """Adds an entry; one of the same receipt and day takes the place of the one before."""
    kept = [each for each in taken_back(version) if (each.receipt, each.day) != (entry.receipt, entry.day)]
    write_json(place(Path(version)), [each.plain() for each in (*kept, entry)])

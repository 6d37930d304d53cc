"""The error tree. Every error a user can meet names the thing, the fact and the remedy."""

import difflib
from collections.abc import Iterable


class Error(Exception):
    """Something a user can mend.

    thing: what it is about, by its name or path. fact: what is wrong with it. remedy: what to do now.
    """

    def __init__(self, thing: object, fact: str, remedy: str) -> None:
        super().__init__(thing, fact, remedy)
        self.thing, self.fact, self.remedy = str(thing), fact, remedy

    def __str__(self) -> str:
        return f"{self.thing}: {self.fact}. {self.remedy}"


class ConfigError(Error):
    """The study's YAML has an unknown, missing or ill-typed key, or asks for what does not exist."""


class ManifestError(Error):
    """A clip of the manifest is missing, doubled, or not the file that was recorded."""


class ConsentError(Error):
    """A use of a subject is not covered by a consent record."""


class MediaError(Error):
    """A file cannot be read as the media it should be, or cannot be written."""


class FaceError(Error):
    """A clip or picture lacks the usable faces that a step needs."""


class CheckpointError(Error):
    """Weights or a snapshot do not belong to the network or settings that ask for them."""


class SpeechError(Error):
    """Speech cannot be made or read."""


class DiskError(Error):
    """There is not enough room to write what a step must write."""


class VersionError(Error):
    """A finished version of a study would be overwritten."""


class CrateError(Error):
    """A crate is damaged, reaches out of itself, or cannot be written."""


class Stopped(Exception):  # noqa: N818 - not an error: somebody asked for it
    """Training was stopped after a snapshot: by the user, or because consent ended. Running again resumes it."""


def nearest(name: str, valid: Iterable[str]) -> str:
    """The clause that names the valid spelling nearest to `name`, or all of them when none is near."""
    names = sorted(valid)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f"Did you mean '{close[0]}'?" if close else f"Valid: {', '.join(names)}."

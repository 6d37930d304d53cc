"""The manifest: every clip that a study may touch, with its subject, sha256, role and licence.

    clips:
      - id: s1-bbaf2n              # unique; letters, digits, - and _
        subject: s1                # whose consent record covers it
        path: clips/s1/bbaf2n.mpg  # relative to the manifest, or absolute, or cast:<actor>/<performance>
        sha256: 6b1f...            # written by `understudy manifest add`; nobody types it
        role: train                # train | test | source | driver | pretrain
        licence: CC BY 4.0

A sound file (.wav, .flac, .mp3, ...) and a saying of the cast (cast:<actor>/said-07) are clips that are only heard:
voices are learned from them and converted in them, faces are not.

Roles: `train` clips may be learned from whichever side the subject stands on; `source` and `driver` clips only when the
subject stands on that side; `test` clips are converted and measured, and never learned from; `pretrain` clips, of
people who are in no pair, are what a pretraining learns from.
"""

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Literal, get_args

from understudy.errors import ManifestError, nearest
from understudy.files import sha256
from understudy.settings import build, read_yaml

Role = Literal["train", "test", "source", "driver", "pretrain"]
ROLES: tuple[str, ...] = get_args(Role)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
CAST = "cast:"
SOUNDS = (".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aac", ".aiff")
_SAYING = "said-"  # how the cast's performances without a picture are named
_HEX = re.compile(r"[0-9a-f]{64}")


def is_sound(path: str | Path) -> bool:
    """Whether a file is only heard, by the ending of its name."""
    return str(path).lower().endswith(SOUNDS)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Clip:
    """One media file of one subject. `path` is as it can be opened from the working directory, or names the cast."""

    id: str
    subject: str
    path: str
    sha256: str
    role: Role
    licence: str

    def __post_init__(self) -> None:
        for key, value in (("subject", self.subject), ("id", self.id)):
            if not NAME.fullmatch(value):
                raise ValueError(f"{key} '{value}' is not made of letters, digits, - and _")
        if not _HEX.fullmatch(self.sha256):
            raise ValueError(f"sha256 '{self.sha256}' of clip '{self.id}' is not 64 hexadecimal digits")
        if self.synthetic and self.path.count("/") != 1:
            raise ValueError(f"path '{self.path}' of clip '{self.id}' is not cast:<actor>/<performance>")

    @property
    def synthetic(self) -> bool:
        """Whether the clip is rendered from the cast, and no footage of a person."""
        return self.path.startswith(CAST)

    @property
    def heard(self) -> bool:
        """Whether the clip has no picture."""
        if self.synthetic:
            return self.performance[1].startswith(_SAYING)
        return is_sound(self.path)

    @property
    def performance(self) -> tuple[str, str]:
        """The actor and the performance of a synthetic clip."""
        actor, _, performance = self.path.removeprefix(CAST).partition("/")
        return actor, performance


@dataclasses.dataclass(frozen=True, kw_only=True)
class Manifest:
    """The clips of a study, in the order of the file."""

    path: Path
    clips: tuple[Clip, ...]

    @property
    def subjects(self) -> tuple[str, ...]:
        """Everyone who has a clip, in the order of the file."""
        return tuple(dict.fromkeys(clip.subject for clip in self.clips))

    def of(self, subject: str, *roles: str) -> tuple[Clip, ...]:
        """The clips of a subject, in the order of the file; of all roles when none is named."""
        wanted = roles or ROLES
        return tuple(clip for clip in self.clips if clip.subject == subject and clip.role in wanted)

    def clip(self, id: str) -> Clip:
        """The clip named `id`. Raises ManifestError when there is none."""
        for clip in self.clips:
            if clip.id == id:
                return clip
        raise ManifestError(self.path, f"has no clip '{id}'", nearest(id, (clip.id for clip in self.clips)))

    def require_files(self, clips: Iterable[Clip] | None = None) -> None:
        """Raises one ManifestError that names every file of `clips` (all by default) that is not there."""
        gone = [clip for clip in clips or self.clips if not clip.synthetic and not Path(clip.path).is_file()]
        if gone:
            names = ", ".join(f"'{clip.path}' (clip '{clip.id}')" for clip in gone)
            raise ManifestError(
                self.path, f"names files that are not there: {names}", "Bring them back, or fix the path."
            )


def read_manifest(path: Path) -> Manifest:
    """The manifest in the YAML file at `path`, each clip's path made openable from the working directory.

    Raises ManifestError for bad YAML, unknown or missing keys, two clips of one id, one file listed twice, and
    malformed ids, roles and hashes. Whether the files are there, and unchanged, is for require_files and check_file.
    """
    path = Path(path)
    top = read_yaml(path, error=ManifestError)
    for key in top:
        if key != "clips":
            raise ManifestError(f"{path}: {key}", "unknown key", "A manifest has the one key 'clips'.")
    listed = top.get("clips", [])
    if not isinstance(listed, list):
        raise ManifestError(f"{path}: clips", "is no list", "Write each clip as a list item, '- id: ...'.")
    clips = [build(Clip, item, f"{path}: clips[{number}]", error=ManifestError) for number, item in enumerate(listed)]
    require_distinct(path, clips)
    return Manifest(path=path, clips=tuple(_openable(clip, path.parent) for clip in clips))


def require_distinct(path: Path, clips: Iterable[Clip]) -> None:
    """Raises ManifestError, naming both, for one file listed twice, the same bytes, or one id (in any letter case)."""
    ids: dict[str, Clip] = {}
    hashes: dict[str, Clip] = {}
    for clip in clips:
        other = hashes.setdefault(clip.sha256, clip)
        if other is not clip:
            files = f"the file '{clip.path}' is" if other.path == clip.path else "the same bytes are"
            fact = f"{files} listed twice, '{other.path}' as clip '{other.id}' and '{clip.path}' as clip '{clip.id}'"
            raise ManifestError(path, fact, "Keep one of them: what stands twice leaks from training into tests.")
        other = ids.setdefault(clip.id.casefold(), clip)
        if other is not clip:
            fact = f"the clip id '{clip.id}' stands twice, for '{other.path}' and for '{clip.path}'"
            raise ManifestError(path, fact, "Give one of them another id.")


def _openable(clip: Clip, folder: Path) -> Clip:
    """The clip with its path taken from the manifest's folder."""
    return clip if clip.synthetic else dataclasses.replace(clip, path=str(folder / clip.path))


def check_file(clip: Clip, *, digest: Callable[[str, str], str] | None = None) -> None:
    """Raises ManifestError unless the clip is byte for byte what the manifest recorded.

    digest: of a synthetic clip's (actor, performance), the hash of the texts it is rendered from (cast.digest).
    """
    if clip.synthetic:
        if digest is None:
            raise TypeError("a synthetic clip is checked with digest=cast.digest")
        found = digest(*clip.performance)
    elif not Path(clip.path).is_file():
        raise ManifestError(
            f"clip '{clip.id}'", f"the file '{clip.path}' is not there", "Bring it back, or fix its path."
        )
    else:
        found = sha256(Path(clip.path))
    if found != clip.sha256:
        raise ManifestError(
            f"clip '{clip.id}'",
            f"'{clip.path}' is not the file that was recorded: its sha256 is {found}, the manifest says {clip.sha256}",
            "Bring the recorded file back; if the change is meant, take the clip out of the manifest and add it again.",
        )


def plain_clips(clips: Iterable[Clip]) -> Mapping[str, object]:
    """The top of a manifest file that holds `clips`."""
    return {"clips": [dataclasses.asdict(clip) for clip in clips]}

"""The starter: a study's folder to fill in, and consent records written from answers, so that nobody types a hash."""

import datetime
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from understudy.errors import ConfigError, ConsentError
from understudy.files import sha256, whole, write_text
from understudy.people.adding import add, add_cast, shares, slug
from understudy.people.consent import Form, Licence, Purposes, Synthetic, read_consent
from understudy.people.ledger import read_ledger
from understudy.settings import plain

__all__ = ["add", "add_cast", "hash_form", "init", "new_consent", "shares"]

_TOP = """\
# A study of your own. Every path is taken from the folder in which snakemake runs.
#
#   understudy consent new SUBJECT --folder {folder}/consents ...      a record for each person, see --help
#   understudy manifest add {folder}/manifest.yaml CLIPS --subject SUBJECT --roles train:2/3,test:1/3
#   snakemake --cores all --configfile {folder}/config.yaml

"""
_OWN = """\
study: {name}                # names the folders of what is made; small letters, digits, dot, - and _
version: "1"                 # raise it when anything changes after the study is finished
about: What this study asks, in a sentence or two.
"""
_PLACES = """
manifest: {folder}/manifest.yaml
consents: {folder}/consents
"""
_PAIRS = """
# source: whose likeness is taken. driver: whose performance is kept. both: the reverse as well. One person may stand on
# both sides, with clips of role source and clips of role driver.
pairs:
  - {source: FIRST-SUBJECT, driver: SECOND-SUBJECT, both: true}
"""
_MANIFEST = """\
# Every clip that the study may touch. `understudy manifest add` and `add-cast` write this file whole, hashes included.
clips: []
"""
_IGNORE = """\
# People's footage and signed forms do not belong into a repository.
clips/
forms/
"""
_COMMENTS = {
    "id": "the name of this record; every fake and every training carries it",
    "subject": "",
    "basis": "form: a signed form, known by its hash alone; licence; or synthetic: a rendered actor, nobody's likeness",
    "purposes": """\
extract: find, measure and keep faces and voice. train: let a model of these families learn from the clips.
source: give the likeness or voice to another performance. driver: show a performance under another likeness.
show-in-report: be seen, real and faked, in the report. study-stimulus: be seen by participants of a study.
Families: swap, animate, lipsync, voice. What is not written is not allowed.""",
    "counterparts": "with whom the above may be mixed: anyone, same-person, or a list of subjects",
    "from": "the first day",
    "until": "the last day; null (no end) only for a licence or a synthetic actor",
    "withdrawn": "the day of withdrawal: from then on nothing is allowed, whatever stands above",
    "note": "for people",
}


def init(folder: Path, *, like: Path) -> tuple[Path, ...]:
    """Writes a study to fill in: config.yaml, manifest.yaml, consents/ with an example. Returns the files.

    like: a study whose method and extraction settings, with their comments, are taken over. Raises ConfigError when the
    folder holds a study already, or `like` is not there.
    """
    folder = Path(folder)
    files = {
        folder / "config.yaml": _config(folder, like),
        folder / "manifest.yaml": _MANIFEST,
        folder / "consents" / "EXAMPLE.yaml.txt": _example(),
        folder / ".gitignore": _IGNORE,
    }
    for path in files:
        if path.exists():
            raise ConfigError(path, "is there already", "Choose another folder, or move it away.")
    for path, text in files.items():
        write_text(path, text)
    return tuple(files)


def _config(folder: Path, like: Path) -> str:
    """The study `like` with names, places and pairs of its own."""
    if not like.is_file():
        remedy = "Run this where the Snakefile is, or name a study with --like."
        raise ConfigError(like, "there is no such file", remedy)
    blocks = _blocks(like.read_text(encoding="utf-8"))
    place = folder.as_posix()
    own = {
        "study": _OWN.format(name=slug(folder.resolve().name).lower() or "mystudy"),
        "version": "",
        "about": "",
        "manifest": _PLACES.format(folder=place),
        "consents": "",
        "pairs": _PAIRS,
    }
    taken = "\n".join(text for key, block in blocks.items() if (text := own.get(key, block).rstrip()))
    return f"{_TOP.format(folder=place)}{taken}\n"


def _blocks(text: str) -> dict[str, str]:
    """A YAML file's text by its top-level keys, each with the comments right above it, without what leads in."""
    blocks: dict[str, str] = {}
    key, waiting = "", ""
    for line in text.splitlines(keepends=True):
        found = re.match(r"([A-Za-z_-]+):", line)
        if found:
            key, blocks[found[1]], waiting = found[1], waiting + line, ""
        elif line.startswith("#") or not line.strip():
            waiting = "" if not line.strip() and not key else waiting + line
        elif key:
            blocks[key], waiting = blocks[key] + waiting + line, ""
    return blocks


def hash_form(path: Path) -> Form:
    """The basis that a signed form gives. Only its hash is kept. Raises ConsentError when the file is not there."""
    if not Path(path).is_file():
        raise ConsentError(f"form '{path}'", "there is no such file", "Check the path of the scanned, signed form.")
    return Form(kind="form", sha256=sha256(Path(path)))


def new_consent(
    folder: Path,
    *,
    subject: str,
    basis: Form | Licence | Synthetic,
    purposes: Purposes,
    counterparts: str | Iterable[str],
    first: datetime.date,
    until: datetime.date | None,
    note: str = "",
) -> Path:
    """Writes the consent record of a subject into the folder and returns its path.

    counterparts: "anyone", "same-person", or subjects. Raises ConsentError when the subject has a record already, and
    for what no record may say (see people.consent).
    """
    folder = Path(folder)
    if folder.is_dir() and (record := read_ledger(folder).record(subject)) is not None:
        raise ConsentError(record.path, f"is the record of '{subject}' already", "Edit that record.")
    values = {
        "id": f"{subject}-{first.isoformat()}",
        "subject": subject,
        "basis": plain(basis),
        "purposes": plain(purposes),
        "counterparts": counterparts if isinstance(counterparts, str) else list(counterparts),
        "from": first,
        "until": until,
        "withdrawn": None,
        "note": note,
    }
    path = folder / f"{slug(subject)}.yaml"
    with whole(path) as part:
        part.write_text(
            f"# What may be done with '{subject}', on what basis, and how long.\n{_text(values)}", encoding="utf-8"
        )
        try:
            read_consent(part)
        except ConsentError as error:
            raise ConsentError(f"the record of '{subject}'", error.fact, error.remedy) from None
    return path


class _Dumper(yaml.CSafeDumper):
    """Lists in one line."""


_Dumper.add_representer(list, lambda dumper, value: dumper.represent_sequence("tag:yaml.org,2002:seq", value, True))


def _text(values: Mapping[str, Any]) -> str:
    """A record with a comment above each key."""
    text = ""
    for key, value in values.items():
        comment = "".join(f"# {line}\n" for line in _COMMENTS[key].splitlines())
        text += f"\n{comment}" if comment else ""
        text += yaml.dump({key: value}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return text


def _example() -> str:
    """A record to read; its name keeps it from being taken for one."""
    families: Any = ["swap"]
    values = {
        "id": "ada-2026-01-31",
        "subject": "ada",
        "basis": {"kind": "form", "sha256": "0" * 64},
        "purposes": {"extract": True, "train": families, "source": list(families), "driver": list(families)}
        | {"show-in-report": True, "study-stimulus": False},
        "counterparts": ["ben"],
        "from": datetime.date(2026, 1, 31),
        "until": datetime.date(2028, 1, 31),
        "withdrawn": None,
        "note": "",
    }
    head = "# An example to read. `understudy consent new` writes such a file and hashes the form for you.\n"
    return head + _text(values)

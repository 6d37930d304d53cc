"""The starter: a study's folder to fill in, with a consent log of its own."""

import re
from pathlib import Path

from understudy.errors import ConfigError
from understudy.files import write_text
from understudy.people.adding import add, add_cast, shares, slug
from understudy.people.log import open_log

__all__ = ["add", "add_cast", "init", "shares"]

_TOP = """\
# A study of your own. Every path is taken from the folder in which snakemake runs.
#
#   understudy consent grant SUBJECT --folder {folder}/consents ...    what each person agreed to, see --help
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
# Nor does what this machine alone keeps of the log.
consents/.lock
"""


def init(folder: Path, *, like: Path) -> tuple[Path, ...]:
    """Writes a study to fill in: config.yaml, manifest.yaml, and consents/ with a log. Returns the files.

    like: a study whose method and extraction settings, with their comments, are taken over. Raises ConfigError when the
    folder holds a study already, or `like` is not there.
    """
    folder = Path(folder)
    files = {
        folder / "config.yaml": _config(folder, like),
        folder / "manifest.yaml": _MANIFEST,
        folder / ".gitignore": _IGNORE,
    }
    for path in files:
        if path.exists():
            raise ConfigError(path, "is there already", "Choose another folder, or move it away.")
    for path, text in files.items():
        write_text(path, text)
    return (*files, open_log(folder / "consents").path)


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

"""The command `inspect`: what a file still says of being a fake."""

import argparse
import json
from pathlib import Path
from typing import Any

from understudy.errors import ConfigError

_HELP = "say of any file whether it is a fake: its credential, watermark, label, and which study made it"
_STATUS = "Exit status: 0 when it is recognised as a fake, 1 when nothing marks it as one, 2 for an error."


def add(commands: Any, command: Any) -> None:
    """Adds the command to the parser's commands."""
    look = command(commands, "inspect", inspect, _HELP)
    look.epilog = _STATUS
    look.add_argument("file", type=Path)
    look.add_argument(
        "--study",
        action="append",
        default=[],
        metavar="NAME/VERSION",
        help="a study whose watermark it may carry, besides those under results/; may be given more than once",
    )
    look.add_argument("--key", type=Path, metavar="FILE", help="the watermark's key, if not the public one")
    look.add_argument("--trust", type=Path, metavar="PEM", help="certificates whose word on who signed it is trusted")
    look.add_argument("--json", action="store_true", help="all that was found, for machines")


def inspect(given: argparse.Namespace) -> int:
    """Says what a file is. Returns 0 for a fake, 1 when nothing was found."""
    from understudy import provenance, watermark

    for study in given.study:
        if len(study.split("/")) != 2 or not all(study.split("/")):
            raise ConfigError(f"--study {study}", "is not NAME/VERSION", "Give the study and its version: first/1.")
    key = provenance.read_key(given.key) if given.key else watermark.PUBLIC
    sight = provenance.inspect(given.file, studies=given.study, key=key, anchors=_anchors(given.trust))
    if given.json:
        print(json.dumps(provenance.plain(sight), indent=2, sort_keys=True, ensure_ascii=False, default=str))
    else:
        print(provenance.verdict(sight))
        for line in provenance.facts(sight):
            print(f"  {line}")
    return 0 if sight.recognised else 1


def _anchors(path: Path | None) -> str:
    """The certificates of a PEM file that is to be trusted."""
    if path is None:
        return ""
    from understudy.provenance.certificates import read_certificates

    read_certificates(path)
    return path.read_text("ascii")

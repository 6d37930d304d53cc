"""The command `understudy`: start a study, record consents, list clips, look at files. Snakemake runs the study."""

import argparse
import datetime
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from understudy import __version__
from understudy.cli import actions
from understudy.errors import Error

Command = Callable[[argparse.Namespace], None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command. Returns 0, or 2 after a line that says what is wrong and what to do."""
    given = _parser().parse_args(arguments)
    command: Command = given.command
    try:
        command(given)
    except Error as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="understudy", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_init(commands)
    _add_consent(_group(commands, "consent", "write and read consent records"))
    _add_manifest(_group(commands, "manifest", "list clips and check them"))
    _add_looking(commands)
    return parser


def _group(commands: Any, name: str, help: str) -> Any:
    return commands.add_parser(name, help=help, description=help).add_subparsers(required=True, metavar="COMMAND")


def _command(commands: Any, name: str, run: Command, help: str) -> argparse.ArgumentParser:
    """A command's parser: its help line is its description too."""
    made: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help)
    made.set_defaults(command=run)
    return made


def _add_init(commands: Any) -> None:
    init = _command(
        commands, "init", actions.init, "write a study to fill in: settings, manifest, an example of a consent"
    )
    init.add_argument("folder", nargs="?", default="mystudy", type=Path, help="a new folder (default: mystudy)")
    init.add_argument(
        "--like",
        default=Path("config/config.yaml"),
        type=Path,
        help="the study whose method settings are taken over (default: config/config.yaml)",
    )


def _add_consent(commands: Any) -> None:
    new = _command(
        commands, "new", actions.consent_new, "write a subject's consent record; a signed form is kept as its hash"
    )
    new.add_argument("subject")
    new.add_argument("--folder", required=True, type=Path, help="the study's folder of records: mystudy/consents")
    new.add_argument("--basis", required=True, choices=["form", "licence", "synthetic"])
    new.add_argument("--form-file", type=Path, help="the signed form; it stays where it is, only its sha256 is kept")
    new.add_argument("--licence-name", help="such as 'CC BY 4.0'")
    new.add_argument("--licence-url", help="where the licence or the data set can be read up")
    new.add_argument(
        "--purposes",
        required=True,
        type=_words,
        help="comma-separated: extract,train,source,driver,show-in-report,study-stimulus",
    )
    new.add_argument(
        "--families",
        type=_words,
        default=(),
        help="for train, source, driver; comma-separated: swap,animate,lipsync,voice",
    )
    new.add_argument(
        "--counterparts", required=True, type=_words, help="anyone, same-person, or subjects, comma-separated"
    )
    new.add_argument(
        "--from", dest="first", type=_date, default=datetime.date.today(), help="first day (default: today)"
    )
    new.add_argument("--until", type=_date, help="last day; a form needs one")
    new.add_argument("--note", default="")
    show = _command(commands, "show", actions.consent_show, "list the records of a folder and whether they hold today")
    show.add_argument("folder", type=Path)


def _add_manifest(commands: Any) -> None:
    add = _command(commands, "add", actions.manifest_add, "add files to a manifest, hashes and ids included")
    add.add_argument("manifest", type=Path)
    add.add_argument("clips", nargs="+", help="files, or patterns such as 'clips/*.mpg'")
    add.add_argument("--subject", required=True, help="who is in them")
    add.add_argument(
        "--licence",
        default="by consent",
        help="of published clips, with the attribution it asks for (default: 'by consent')",
    )
    add.add_argument("--id", help="for a single file, instead of one made from its name")
    _add_roles(add)
    cast = _command(
        commands, "add-cast", actions.manifest_add_cast, "add performances of a synthetic actor to a manifest"
    )
    cast.add_argument("manifest", type=Path)
    cast.add_argument("--actor", required=True, help="see `understudy cast`")
    cast.add_argument("--performance", required=True, nargs="+", help="see `understudy cast`")
    cast.add_argument("--subject", help="the subject's name (default: the actor's)")
    _add_roles(cast)
    check = _command(commands, "check", actions.manifest_check, "check that every clip is the recorded file and usable")
    check.add_argument("manifest", type=Path)


def _add_roles(parser: argparse.ArgumentParser) -> None:
    role = parser.add_mutually_exclusive_group(required=True)
    role.add_argument(
        "--role",
        dest="roles",
        choices=["train", "test", "source", "driver"],
        help="train: learn from it; test: convert and measure it; source, driver: learn from it on that side only",
    )
    role.add_argument("--roles", help="shares over the clips in their order, such as source:1/3,driver:1/3,test:1/3")


def _add_looking(commands: Any) -> None:
    probe = _command(commands, "probe", actions.probe, "say in a line what a media file is")
    probe.add_argument("file", type=Path)
    inspect = _command(commands, "inspect", actions.inspect, "read the label and the lineage of a published fake")
    inspect.add_argument("file", type=Path)
    _command(commands, "cast", actions.cast, "list the synthetic actors and their performances")
    report = _command(commands, "report", actions.report, "say where a study's report is")
    report.add_argument("study", type=Path, help="the study's YAML")


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _date(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no date such as 2026-01-31") from None

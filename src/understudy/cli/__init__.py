"""The command `understudy`: start a study, record consents, list clips, look at files. Snakemake runs the study."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from understudy import __version__
from understudy.cli import actions, consenting, looking, presets, reviewing, withdrawing
from understudy.errors import Error
from understudy.people.manifest import ROLES

Command = Callable[[argparse.Namespace], int | None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command. Returns what it returns (0 for well), or 2 after a line with what is wrong and what to do."""
    given = _parser().parse_args(arguments)
    run: Command = given.command
    try:
        return run(given) or 0
    except Error as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read along has read enough
        sys.stderr.close()
        return 141


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="understudy", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_init(commands)
    consents = _group(commands, "consent", "keep the log of what people agreed to")
    consenting.add(consents, command)
    withdrawing.add(consents, command)
    _add_manifest(_group(commands, "manifest", "list clips and check them"))
    _add_looking(commands)
    reviewing.add(commands, command)
    return parser


def _group(commands: Any, name: str, help: str) -> Any:
    return commands.add_parser(name, help=help, description=help).add_subparsers(required=True, metavar="COMMAND")


def command(commands: Any, name: str, run: Command, help: str) -> argparse.ArgumentParser:
    """A command's parser: its help line is its description too."""
    made: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help)
    made.set_defaults(command=run)
    return made


def _add_init(commands: Any) -> None:
    init = command(commands, "init", actions.init, "write a study to fill in: settings, manifest, a consent log")
    init.add_argument("folder", nargs="?", default="mystudy", type=Path, help="a new folder (default: mystudy)")
    init.add_argument(
        "--like",
        default=Path("config/config.yaml"),
        type=Path,
        help="the study whose method settings are taken over (default: config/config.yaml)",
    )


def _add_manifest(commands: Any) -> None:
    add = command(commands, "add", actions.manifest_add, "add files to a manifest, hashes and ids included")
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
    cast = command(
        commands, "add-cast", actions.manifest_add_cast, "add performances of a synthetic actor to a manifest"
    )
    cast.add_argument("manifest", type=Path)
    cast.add_argument("--actor", required=True, help="see `understudy cast`")
    cast.add_argument("--performance", required=True, nargs="+", help="see `understudy cast`")
    cast.add_argument("--subject", help="the subject's name (default: the actor's)")
    _add_roles(cast)
    check = command(commands, "check", actions.manifest_check, "check that every clip is the recorded file and usable")
    check.add_argument("manifest", type=Path)


def _add_roles(parser: argparse.ArgumentParser) -> None:
    role = parser.add_mutually_exclusive_group(required=True)
    role.add_argument(
        "--role",
        dest="roles",
        choices=ROLES,
        help="train: learn from it; test: convert and measure it; source, driver: learn from it on that side only; "
        "pretrain: learn from it what trainings begin from",
    )
    role.add_argument("--roles", help="shares over the clips in their order, such as source:1/3,driver:1/3,test:1/3")


def _add_looking(commands: Any) -> None:
    probe = command(commands, "probe", actions.probe, "say in a line what a media file is")
    probe.add_argument("file", type=Path)
    looking.add(commands, command)
    presets.add(commands, command)
    command(commands, "cast", actions.cast, "list the synthetic actors and their performances")
    report = command(commands, "report", actions.report, "say where a study's report is")
    report.add_argument("study", type=Path, help="the study's YAML")

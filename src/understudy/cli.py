"""The command `understudy`: start a study, record consents, list clips, look at files. Snakemake runs the study."""

import argparse
import datetime
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from understudy import __version__
from understudy.errors import ConfigError, ConsentError, Error, nearest

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
    init = _command(commands, "init", _init, "write a study to fill in: settings, manifest, an example of a consent")
    init.add_argument("folder", nargs="?", default="mystudy", type=Path, help="a new folder (default: mystudy)")
    init.add_argument(
        "--like",
        default=Path("config/config.yaml"),
        type=Path,
        help="the study whose method settings are taken over (default: config/config.yaml)",
    )


def _add_consent(commands: Any) -> None:
    new = _command(commands, "new", _consent_new, "write a subject's consent record; a signed form is kept as its hash")
    new.add_argument("subject")
    new.add_argument("--consents", required=True, type=Path, metavar="FOLDER", help="the study's folder of records")
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
    new.add_argument("--counterparts", required=True, help="anyone, same-person, or subjects, comma-separated")
    new.add_argument(
        "--from", dest="first", type=_date, default=datetime.date.today(), help="first day (default: today)"
    )
    new.add_argument("--until", type=_date, help="last day; a form needs one")
    new.add_argument("--note", default="")
    show = _command(commands, "show", _consent_show, "list the records of a folder and whether they hold today")
    show.add_argument("consents", type=Path, metavar="FOLDER")


def _add_manifest(commands: Any) -> None:
    add = _command(commands, "add", _manifest_add, "add files to a manifest, hashes and ids included")
    add.add_argument("manifest", type=Path)
    add.add_argument("clips", nargs="+", help="files, or patterns such as 'clips/*.mpg'")
    add.add_argument("--subject", required=True, help="who is in them")
    add.add_argument("--licence", required=True, help="under which they are used; attribution may follow")
    add.add_argument("--id", help="for a single file, instead of one made from its name")
    _add_roles(add)
    cast = _command(commands, "add-cast", _manifest_add_cast, "add performances of a synthetic actor to a manifest")
    cast.add_argument("manifest", type=Path)
    cast.add_argument("--actor", required=True, help="see `understudy cast`")
    cast.add_argument("--performance", required=True, nargs="+", help="see `understudy cast`")
    cast.add_argument("--subject", help="the subject's name (default: the actor's)")
    _add_roles(cast)
    check = _command(commands, "check", _manifest_check, "check that every clip is the recorded file and usable")
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
    probe = _command(commands, "probe", _probe, "say in a line what a media file is")
    probe.add_argument("file", type=Path)
    inspect = _command(commands, "inspect", _inspect, "read the label and the lineage of a published fake")
    inspect.add_argument("file", type=Path)
    _command(commands, "cast", _cast, "list the synthetic actors and their performances")
    report = _command(commands, "report", _report, "say where a study's report is")
    report.add_argument("study", type=Path, help="the study's YAML")


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _date(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no date such as 2026-01-31") from None


def _init(given: argparse.Namespace) -> None:
    from understudy.people import starter

    for path in starter.init(given.folder, like=given.like):
        print(f"wrote {path}")


def _consent_new(given: argparse.Namespace) -> None:
    from understudy.people import starter

    parties = _words(given.counterparts)
    path = starter.new_consent(
        given.consents,
        subject=given.subject,
        basis=_basis(given),
        purposes=_purposes(given.purposes, given.families),
        counterparts=parties[0] if parties in (("anyone",), ("same-person",)) else parties,
        first=given.first,
        until=given.until,
        note=given.note,
    )
    print(f"wrote {path}")


def _basis(given: argparse.Namespace) -> Any:
    """The basis that the flags name."""
    from understudy.people import Licence, Synthetic, starter

    if given.basis == "synthetic":
        return Synthetic(kind="synthetic")
    if given.basis == "form":
        if given.form_file is None:
            raise ConsentError(
                "--basis form", "the form is not named", "Add --form-file FILE: it is hashed, not copied."
            )
        return starter.hash_form(given.form_file)
    if not given.licence_name or not given.licence_url:
        raise ConsentError("--basis licence", "the licence is not named", "Add --licence-name NAME --licence-url URL.")
    return Licence(kind="licence", name=given.licence_name, url=given.licence_url)


def _purposes(wanted: tuple[str, ...], families: tuple[str, ...]) -> Any:
    """The purposes that the flags name; those that go by family hold for all families named."""
    from understudy.people import FAMILIES, PURPOSES, Purposes
    from understudy.people.consent import BY_FAMILY
    from understudy.settings import build

    for word in wanted:
        if word not in PURPOSES:
            raise ConsentError(f"--purposes {word}", "there is no such purpose", nearest(word, PURPOSES))
    for word in families:
        if word not in FAMILIES:
            raise ConsentError(f"--families {word}", "there is no such family", nearest(word, FAMILIES))
    if not families and set(wanted) & set(BY_FAMILY):
        fact = "train, source and driver are given family by family"
        raise ConsentError("--families", fact, f"Name some of: {', '.join(FAMILIES)}.")
    values = {
        name: (list(families) if name in wanted else []) if name in BY_FAMILY else name in wanted for name in PURPOSES
    }
    return build(Purposes, values, "purposes", error=ConsentError)


def _consent_show(given: argparse.Namespace) -> None:
    from understudy.people import read_ledger

    today = datetime.date.today()
    for record in read_ledger(given.consents).records.values():
        days = f"{record.first} to {record.until or 'no end'}"
        print(f"{record.subject}: {record.status(today)}; {record.basis.kind}; {days}")
        print(f"  {', '.join(record.purposes.words()) or 'nothing'}; with {record.parties()}  ({record.path})")


def _manifest_add(given: argparse.Namespace) -> None:
    from understudy import media
    from understudy.people import starter

    added = starter.add(
        given.manifest,
        given.clips,
        subject=given.subject,
        roles=starter.shares(given.roles),
        licence=given.licence,
        check=media.check,
        id=given.id,
    )
    _tell(given.manifest, added)


def _manifest_add_cast(given: argparse.Namespace) -> None:
    from understudy import cast
    from understudy.people import starter

    added = starter.add_cast(
        given.manifest,
        actor=given.actor,
        performances=given.performance,
        roles=starter.shares(given.roles),
        digest=cast.digest,
        subject=given.subject,
    )
    _tell(given.manifest, added)


def _tell(manifest: Path, added: Sequence[Any]) -> None:
    """What was added, a line a clip."""
    for clip in added:
        print(f"{clip.role:<6}  {clip.id}  {clip.path}")
    print(f"added {len(added)} clips to {manifest}")


def _manifest_check(given: argparse.Namespace) -> None:
    from understudy import cast, media
    from understudy.people import check_file, read_manifest

    manifest = read_manifest(given.manifest)
    manifest.require_files()
    for clip in manifest.clips:
        check_file(clip, digest=cast.digest)
        if not clip.synthetic:
            media.check(Path(clip.path))
    print(f"{given.manifest}: {len(manifest.clips)} clips of {len(manifest.subjects)} subjects, all as recorded")


def _probe(given: argparse.Namespace) -> None:
    from understudy import media

    print(media.describe(media.probe(given.file)))


def _inspect(given: argparse.Namespace) -> None:
    import json

    from understudy import provenance

    print(json.dumps(provenance.inspect(given.file), indent=2, sort_keys=True, ensure_ascii=False, default=str))


def _cast(given: argparse.Namespace) -> None:
    from understudy import cast

    print(f"actors: {', '.join(cast.actors())}")
    print(f"performances: {', '.join(cast.performances())}")


def _report(given: argparse.Namespace) -> None:
    from understudy.settings import read_yaml

    study = read_yaml(given.study)
    folder = Path("results") / str(study.get("study")) / str(study.get("version"))
    pages = sorted(folder.rglob("report.html"))
    if not pages:
        raise ConfigError(folder, "holds no report yet", f"Run `snakemake --cores all --configfile {given.study}`.")
    print(pages[0].resolve())


if __name__ == "__main__":
    sys.exit(main())

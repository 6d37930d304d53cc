"""What each command does. Whatever takes time to load is loaded by the command that needs it."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from understudy.errors import ConfigError


def init(given: argparse.Namespace) -> None:
    """Writes a study to fill in."""
    from understudy.cli.consenting import tell_key
    from understudy.people import starter

    for path in starter.init(given.folder, like=given.like):
        print(f"wrote {path}")
    tell_key(given.folder / "consents")


def manifest_add(given: argparse.Namespace) -> None:
    """Adds files to a manifest."""
    from understudy.people import starter
    from understudy.stages.check import check_recording

    added = starter.add(
        given.manifest,
        given.clips,
        subject=given.subject,
        roles=starter.shares(given.roles),
        licence=given.licence,
        check=check_recording,
        id=given.id,
    )
    _tell(given.manifest, added)


def manifest_add_cast(given: argparse.Namespace) -> None:
    """Adds performances of a synthetic actor to a manifest."""
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


def manifest_check(given: argparse.Namespace) -> None:
    """Checks every clip of a manifest."""
    from understudy import cast
    from understudy.people import check_file, read_manifest
    from understudy.stages.check import check_recording

    manifest = read_manifest(given.manifest)
    manifest.require_files()
    for clip in manifest.clips:
        check_file(clip, digest=cast.digest)
        if not clip.synthetic:
            check_recording(Path(clip.path))
    print(f"{given.manifest}: {len(manifest.clips)} clips of {len(manifest.subjects)} subjects, all as recorded")


def probe(given: argparse.Namespace) -> None:
    """Says what a media file is."""
    from understudy import media, people, speech

    if people.is_sound(given.file):
        samples_N = speech.read(given.file)
        print(f"only heard, {len(samples_N) / speech.RATE:.1f} s, loudest {abs(samples_N).max():.3f} of full scale")
    else:
        print(media.describe(media.probe(given.file)))


def cast(given: argparse.Namespace) -> None:
    """Lists actors and performances."""
    from understudy import cast

    print(f"actors: {', '.join(cast.actors())}")
    print(f"performances: {', '.join(cast.performances())}")
    print(f"sayings, which are only heard: {', '.join(cast.sayings())}")


def report(given: argparse.Namespace) -> None:
    """Says where a study's report is."""
    from understudy.settings import read_yaml

    study = read_yaml(given.study)
    folder = Path("results") / str(study.get("study")) / str(study.get("version"))
    page = folder / "report.html"
    if not page.is_file():
        raise ConfigError(folder, "holds no report yet", f"Run `snakemake --cores all --configfile {given.study}`.")
    print(page.resolve())

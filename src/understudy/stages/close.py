"""Rule `close`: a finished version, complete in itself, that nothing overwrites."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from understudy.config import read_study
from understudy.crate import listed
from understudy.files import sha256, write_json, write_text
from understudy.job import machine
from understudy.people import read_ledger, read_manifest
from understudy.stages.check import check_version, present
from understudy.stages.jobs import Jobs
from understudy.stages.packing import write_crate


def close_version(*, receipt: Path, settings: Mapping[str, Any], root: str, digest: str) -> None:
    """Copies the study's products into the folder of `receipt`, all of them or none, and writes their hashes there.

    The folder holds report, scores, fakes with their lineage, run cards, the study's YAML, manifest and machine, and in
    `crate` what may leave this machine; footage, facesets and what nobody shares stay outside. A version that is
    finished stays as it is; one of another study raises VersionError.
    """
    folder = receipt.parent
    check_version(folder, digest)
    if receipt.exists():
        receipt.touch()
        return
    study = read_study(settings)
    ledger = read_ledger(study.consents)
    plan = Jobs(study, present(read_manifest(study.manifest), ledger), ledger, digest)
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
    try:
        _fill(part, plan, settings)
        files = {name: sha256(part / name) for name in listed(part)}
        withdrawals = [each.plain() for each in plan.withdrawals]
        said = {"study": digest, "log_head": ledger.head, "withdrawals": withdrawals, "files": files}
        write_json(part / receipt.name, said)
        part.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        part.replace(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _fill(part: Path, plan: Jobs, settings: Mapping[str, Any]) -> None:
    root = Path(plan.root)
    # Weights stay outside: the lineage of each fake names them by their hash.
    runs = [path for path in plan.all_runs if not path.endswith(".safetensors")]
    for made in (*plan.all_fakes, *plan.all_cards, *runs):
        _copy(made, part / Path(made).relative_to(root))
    for path in sorted((root / "scores").glob("*.*")):
        _copy(path, part / path.name)
    shutil.copytree(root / "report", part, dirs_exist_ok=True, copy_function=_copy, ignore=shutil.ignore_patterns(".*"))
    write_text(part / "study.yaml", yaml.safe_dump(dict(settings), sort_keys=False, allow_unicode=True))
    write_json(part / "machine.json", machine())
    sealed = write_crate(part / "crate", plan)
    # The file that somebody wrote may still name who withdrew: this one holds the clips in use, and nothing else.
    _copy(sealed / "config/manifest.yaml", part / "manifest.yaml")


def _copy(path: Path | str, to: Path | str) -> None:
    Path(to).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, to)

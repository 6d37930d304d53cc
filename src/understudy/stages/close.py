"""Rule `close`: a finished version, complete in itself, that nothing overwrites."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from understudy.config import read_study
from understudy.files import sha256, write_json, write_text
from understudy.job import machine
from understudy.people import read_ledger, read_manifest
from understudy.stages.check import check_version
from understudy.stages.plan import Plan


def close_version(*, receipt: Path, settings: Mapping[str, Any], root: str, digest: str) -> None:
    """Copies the study's products into the folder of `receipt`, all of them or none, and writes their hashes there.

    The folder holds report, scores, fakes with their lineage, run cards, the study's YAML, manifest and consent
    records, and the machine's description; footage, facesets and weights stay outside. A version that is finished
    stays as it is; one of another study raises VersionError.
    """
    folder = receipt.parent
    check_version(folder, digest)
    if receipt.exists():
        receipt.touch()
        return
    study = read_study(settings)
    plan = Plan(study, read_manifest(study.manifest), read_ledger(study.consents), digest)
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
    try:
        _fill(part, plan, settings)
        write_json(part / receipt.name, {"study": digest, "files": _hashes(part)})
        part.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        part.replace(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _fill(part: Path, plan: Plan, settings: Mapping[str, Any]) -> None:
    root = Path(plan.root)
    # Weights stay outside: the lineage of each fake names them by their hash.
    runs = [path for path in plan.all_runs if not path.endswith(".safetensors")]
    for made in (*plan.all_fakes, *plan.all_cards, *runs):
        _copy(made, part / Path(made).relative_to(root))
    for path in sorted((root / "scores").glob("*.*")):
        _copy(path, part / path.name)
    shutil.copytree(root / "report", part, dirs_exist_ok=True, copy_function=_copy, ignore=shutil.ignore_patterns(".*"))
    write_text(part / "study.yaml", yaml.safe_dump(dict(settings), sort_keys=False, allow_unicode=True))
    _copy(plan.manifest.path, part / "manifest.yaml")
    used = {subject for pair in plan.study.pairs for subject in (pair.source, pair.driver)}
    for subject in sorted(used | set(plan.manifest.subjects)):
        record = plan.ledger.records[subject].path
        _copy(record, part / "consents" / record.name)
    write_json(part / "machine.json", machine())


def _copy(path: Path | str, to: Path | str) -> None:
    Path(to).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, to)


def _hashes(folder: Path) -> dict[str, str]:
    """sha256 of every file below `folder`, by its path from there."""
    return {path.relative_to(folder).as_posix(): sha256(path) for path in sorted(folder.rglob("*")) if path.is_file()}

"""The house: locks, environments and rules say the same thing; nothing of anybody is in the tree."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors
import yaml

from understudy import cast
from understudy.people import read_ledger, read_manifest
from understudy.stages.check import STAGES

ROOT = Path(__file__).resolve().parent.parent


def locked(path: Path) -> dict[str, str]:
    lines = [line.strip() for line in path.read_text().splitlines()]
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


LOCK = locked(ROOT / "envs/lock.txt")
ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))
RULES = sorted((ROOT / "workflow/rules").glob("*.smk"))


def name(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_an_environment_pins_what_the_lock_pins(path: Path) -> None:
    own = path.with_suffix(".txt")  # an environment that lives apart from the others has a lock of its own
    known = own if own.exists() else ROOT / "envs/lock.txt"
    lock = {name(package): version for package, version in locked(known).items()}
    pins = next(entry["pip"] for entry in yaml.safe_load(path.read_text())["dependencies"] if isinstance(entry, dict))
    for pin in pins:
        package, version = pin.split("==")
        assert lock[name(package)] == version, f"{path.name} and {known.name} differ on {package}"


def test_the_lock_holds_every_dependency_of_the_package() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + [d for extra in project["optional-dependencies"].values() for d in extra]
    lock = {name(package) for package in LOCK}
    assert {name(re.split(r"[<>=\[; ]", w)[0]) for w in wanted} <= lock
    assert LOCK["torch"] == "2.13.0"


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_every_rule_names_an_environment_that_exists_a_script_that_exists_and_a_log(path: Path) -> None:
    for rule in re.split(r"^rule ", path.read_text(), flags=re.M)[1:]:
        environment = re.search(r'"\.\./\.\./envs/(\w+)\.yaml"', rule)
        script = re.search(r'"\.\./\.\./scripts/(\w+)\.py"', rule)
        assert environment
        assert (ROOT / f"envs/{environment[1]}.yaml").exists(), rule.splitlines()[0]
        assert script
        assert (ROOT / f"scripts/{script[1]}.py").exists(), rule.splitlines()[0]
        assert "log:" in rule, rule.splitlines()[0]
        assert "code=" in rule, f"{rule.splitlines()[0]} an edit of the package would not rerun it"


RUSH = """
rule all:
    input: "awake"
rule job:
    output: touch("{number}.done")
    shell: "sleep 0.01"
rule last:
    input: expand("{number}.done", number=range(40))
    output: "awake"
    shell: "sed -n 's/^Threads:[^0-9]*//p' /proc/$PPID/status > {output}"
"""


def awake(folder: Path, beginning: str) -> int:
    """How many threads Snakemake has after forty jobs that end at once, in a workflow that begins so."""
    folder.mkdir()
    (folder / "Snakefile").write_text(beginning + RUSH)
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--workflow-profile", "none", "--quiet", "all"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return int((folder / "awake").read_text())


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="tells threads by /proc")
def test_the_scheduler_sleeps_until_a_job_ends(tmp_path: Path) -> None:
    """Each job that ended left a thread that wakes the scheduler every second. Here none does."""
    onstart = re.search(r"^onstart:\n(?:    .*\n)+", (ROOT / "Snakefile").read_text(), re.M)
    assert onstart
    assert awake(tmp_path / "here", onstart[0]) < 20 < awake(tmp_path / "as it comes", "")


def test_every_script_belongs_to_a_rule() -> None:
    text = "".join(path.read_text() for path in RULES)
    assert {path.stem for path in (ROOT / "scripts").glob("*.py")} == set(re.findall(r"scripts/(\w+)\.py\"\n", text))


def test_a_version_depends_on_the_code_of_every_script() -> None:
    text = "".join(path.read_text() for path in (ROOT / "scripts").glob("*.py"))
    assert set(re.findall(r"from understudy\.stages\.(\w+) import", text)) <= set(STAGES)


def test_the_two_commands_and_the_top_level_are_there() -> None:
    targets = (ROOT / "Makefile").read_text()
    assert re.search(r"^demo:", targets, re.M)
    assert re.search(r"^test:", targets, re.M)
    files = ("Snakefile", "README.md", "LICENSE", "ETHICS.md", "CITATION.cff", "pyproject.toml")
    folders = ("config", "envs", "workflow/rules", "scripts", "data", "results", "notebooks", "tests", "benchmarks")
    for entry in (*files, *folders, "src/understudy"):
        assert (ROOT / entry).exists(), entry
    assert "make test" in (ROOT / ".ci/run").read_text()


def test_git_holds_no_media_and_no_weights() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    tracked = listed.stdout.split("\n")
    media = re.compile(r"\.(mpe?g|mp4|mov|avi|webm|wav|flac|mp3|pth?|ckpt|safetensors|onnx|dat|parquet)$", re.I)
    assert [path for path in tracked if media.search(path)] == [START]


START = "src/understudy/methods/original/start.safetensors"


def test_the_weights_that_ship_are_of_actors_who_share_them() -> None:
    """One file, small, with its card beside it; everybody whom it was learned from is an actor who granted that."""
    held = ROOT / START
    assert held.stat().st_size <= 3_000_000
    assert (held.parent / "START.md").is_file()
    with safetensors.safe_open(held, framework="np") as file:
        subjects = json.loads(file.metadata()["understudy"])["subjects"]
    ledger = read_ledger(ROOT / "config/cast/consents")
    studied = {clip.subject for clip in read_manifest(ROOT / "config/cast/manifest.yaml").clips}
    assert subjects
    for subject in subjects:
        assert subject in cast.actors()
        assert subject not in studied
        assert ledger.refusal(subject, "share-weights") is None


SCRIPTS_OF = {
    "cast": ("render",),
    "media": ("ingest",),
    "faces": ("faces", "measure"),
    "speech": ("revoice", "train", "measure"),
    "learning": ("train", "convert", "curve"),
    "report": ("report", "close", "gather"),
}

# Imports a stage while every installed package outside the environment's pins, and what those need, is hidden.
HIDE = """
import importlib.metadata as metadata, re, sys
from importlib.abc import MetaPathFinder
name = lambda text: re.sub(r"[-_.]+", "-", re.split(r"[ ;<>=!~\\[(]", text)[0]).lower()
allowed, waiting = set(), [name(pin) for pin in sys.argv[2].split(",")]
while waiting:
    each = waiting.pop()
    if each not in allowed:
        allowed.add(each)
        try:
            needs = metadata.requires(each) or []
        except metadata.PackageNotFoundError:
            continue
        waiting += [name(need) for need in needs if "extra ==" not in need]
hidden = {top for top, owners in metadata.packages_distributions().items()
          if not {name(owner) for owner in owners} & (allowed | {"understudy", "pip"})}
class Hide(MetaPathFinder):
    def find_spec(self, full, path=None, target=None):
        if full.split(".")[0] in hidden:
            raise ModuleNotFoundError(f"{full} is not in this environment")
sys.meta_path.insert(0, Hide())
__import__(f"understudy.stages.{sys.argv[1]}")
"""


@pytest.mark.parametrize(
    ("family", "stage"), [(family, stage) for family, all_ in SCRIPTS_OF.items() for stage in all_]
)
def test_an_environment_holds_what_its_rules_import(family: str, stage: str) -> None:
    entries = yaml.safe_load((ROOT / f"envs/{family}.yaml").read_text())["dependencies"]
    pins = next(entry["pip"] for entry in entries if isinstance(entry, dict))
    command = [sys.executable, "-c", HIDE, stage, ",".join(pins)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]

"""The study run again, by Snakemake, in the reviewer's folder; what it says goes to the terminal as it comes."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import understudy
from understudy.files import whole
from understudy.review.workspace import ReproductionError, Workspace

TABLE = "scores.parquet"


def checkout() -> Path:
    """The folder that holds the workflow: the checkout that the installed package belongs to.

    Raises ReproductionError when the package was installed without it.
    """
    folder = Path(understudy.__file__).resolve().parents[2]
    if not (folder / "Snakefile").is_file():
        fact = "the program is installed without its workflow"
        raise ReproductionError(folder, fact, "Clone the repository and run `make setup` there.")
    return folder


def execute(workspace: Workspace, seed: int, cores: int) -> Path:
    """Runs the study with a seed, to its score table; the table. A run that was finished before is not run again.

    With the study's own seed it runs all of the study's replicates, with another one that alone. Only what depends on
    the seed is made anew for another one: training, and what follows from it. Raises
    ReproductionError when Snakemake fails, KeyboardInterrupt when it was interrupted: running again goes on.
    """
    out = workspace.table(seed)
    if not out.exists():
        made = f"data/{workspace.study}/scores/{TABLE}"
        chosen = [f"seed={seed}", f"replicates={workspace.replicates if seed == workspace.seed else 1}"]
        snakemake(workspace.folder, ["--config", *chosen, "--cores", str(cores), "--", made])
        with whole(out) as part:
            shutil.copyfile(workspace.folder / made, part)
    return out


def snakemake(folder: Path, arguments: Sequence[str]) -> None:
    """Runs Snakemake on the study in `folder`. Raises ReproductionError, or KeyboardInterrupt."""
    home = checkout()
    base = [sys.executable, "-m", "snakemake", "--snakefile", str(home / "Snakefile"), "--configfile", "study.yaml"]
    if list((folder / ".snakemake" / "locks").glob("*")):  # of a run that was killed: the folder is held by us alone
        _run([*base, "--unlock"], folder)
    profile = ["--workflow-profile", str(home / "profiles/default")]
    code = _run([*base, *profile, *arguments], folder)
    if code in (-signal.SIGINT, 128 + signal.SIGINT):
        raise KeyboardInterrupt
    if code:
        fact = f"Snakemake ended with {code}"
        raise ReproductionError(folder, fact, "Mend what it says above, and run the same command again: it goes on.")


def _run(command: Sequence[str], folder: Path) -> int:
    """The exit status of a command. An interruption reaches it from the terminal; it is waited for, to end in order."""
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    interrupted = False
    with subprocess.Popen(command, cwd=folder, env=environment) as job:
        while True:
            try:
                code = job.wait()
                break
            except KeyboardInterrupt:
                if interrupted:
                    job.kill()
                interrupted = True
    if interrupted:
        raise KeyboardInterrupt
    return code

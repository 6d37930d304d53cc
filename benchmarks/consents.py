"""What the consent log costs a job, and what it weighs, as it grows.

Run: python benchmarks/consents.py

Two records and so many uses, written into a log of its own. A job reads the log, asks, writes that it asked, and reads
again; measured as in a fresh process, with nothing remembered of the log. Then the proof for a crate: made, checked.
Writes benchmarks/consents.md.
"""

import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

HOME = tempfile.TemporaryDirectory()
os.environ["UNDERSTUDY_HOME"] = HOME.name

from understudy.files import write_text  # noqa: E402 - the home is named before anything reads it
from understudy.job import machine  # noqa: E402
from understudy.people import FAMILIES, PURPOSES, Use, ask, check_proof, grant, keys, log, prove, read_ledger  # noqa: E402
from understudy.people.consent import BY_FAMILY, read_terms  # noqa: E402
from understudy.people.events import Draft, parse  # noqa: E402

SIZES = (10, 100, 1000, 5000)
USE = Use(subject="s1", purpose="extract")


def begin(folder: Path) -> None:
    """A log of two people who allow everything."""
    log.open_log(folder)
    purposes = {purpose: list(FAMILIES) if purpose in BY_FAMILY else True for purpose in PURPOSES}
    for subject in ("s1", "s2"):
        said = {"id": f"{subject}-1", "subject": subject, "basis": {"kind": "synthetic"}, "purposes": purposes}
        grant(folder, read_terms(said | {"counterparts": "anyone", "from": "2020-01-01", "until": None}, ""))


def use(folder: Path, count: int) -> None:
    """Adds so many uses at once."""
    body = {"study": "benchmark", "job": "extract some-clip", "uses": [USE.plain()]}
    drafts = [Draft(kind="used", subject="s1", record="s1-1", body=body)] * count
    log.append(folder, drafts, check=len)


def fresh(work: Callable[[], object]) -> float:
    """Median of five, in milliseconds, each time with nothing remembered."""
    times = []
    for _ in range(5):
        keys.verify.cache_clear()
        parse.cache_clear()
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return sorted(times)[2] * 1e3


def rows(folder: Path) -> list[str]:
    """A row of the table for each size."""
    begin(folder)
    made, written = [], 0
    for size in SIZES:
        use(folder, size - written)
        read = fresh(lambda: read_ledger(folder))
        asked = fresh(lambda: ask(folder, "benchmark", "extract x", [USE]))
        written = size + 5
        whole = read_ledger(folder).log
        proved = fresh(lambda whole=whole: prove(whole, ["s2"]))  # type: ignore[misc]
        proof = json.loads(json.dumps(prove(whole, ["s2"])))
        checked = fresh(lambda proof=proof: check_proof(proof))  # type: ignore[misc]
        weight = (folder / "log.jsonl").stat().st_size / len(whole.events)
        made.append(f"| {size} | {read:.0f} | {asked:.0f} | {proved:.1f} | {checked:.1f} | {weight:.0f} |")
    return made


def main() -> None:
    """Measures and writes the page."""
    with tempfile.TemporaryDirectory() as place:
        table = rows(Path(place) / "consents")
    head = "| uses in the log | read it, ms | a job's asking, ms | prove, ms | check the proof, ms | bytes an event |"
    text = [
        "# The consent log: what it costs a job\n",
        "`python benchmarks/consents.py`\n",
        f"Machine: {machine()['processor']}. Median of five, nothing remembered from one to the next.\n",
        head,
        "|---|---|---|---|---|---|",
        *table,
        "\nEvery signature and hash is checked at every reading, so the cost grows with the log.\n",
    ]
    write_text(Path(__file__).with_suffix(".md"), "\n".join(text))


if __name__ == "__main__":
    main()
    HOME.cleanup()

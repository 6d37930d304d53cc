"""The commands of a reviewer: verify a crate, and run its study again."""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any


def add(commands: Any, command: Callable[..., argparse.ArgumentParser]) -> None:
    """Adds `verify` and `reproduce`."""
    check = command(
        commands,
        "verify",
        verify,
        "check a study's crate: seal, consents, hashes, and every number of its report; exit status 1 when one fails",
    )
    check.add_argument("crate", type=Path, help="a folder or a zip")
    depth = check.add_mutually_exclusive_group()
    depth.add_argument(
        "--quick",
        action="store_true",
        help="in seconds: leave out that the synthetic actors' clips are rendered and the crate's fakes measured again",
    )
    depth.add_argument(
        "--measure", type=Path, metavar="DIR", help="a new folder for that, to be kept (default: a temporary one)"
    )
    check.add_argument("--cores", type=int, default=1, help="how many cores that may use (default: 1)")
    check.add_argument("--json", action="store_true", help="print the checks as JSON")
    again = command(
        commands,
        "reproduce",
        reproduce,
        "run the study of a crate again and give each of its numbers a verdict; exit status 1 when one differs",
    )
    again.add_argument("crate", type=Path, help="a folder or a zip")
    again.add_argument("--data", type=Path, help="a folder of the filmed clips, found by their sha256")
    again.add_argument("--into", type=Path, default=Path("reproduced"), help="a new folder (default: reproduced)")
    again.add_argument("--cores", type=int, default=1, help="how many cores Snakemake may use (default: 1)")
    again.add_argument(
        "--seeds", type=_numbers, default=(), help="other seeds, three or more, whose runs give each number its band"
    )


def verify(given: argparse.Namespace) -> int:
    """Prints the checks of a crate; 0 when none failed, else 1."""
    from understudy import review
    from understudy.review.checks import summary

    with tempfile.TemporaryDirectory(prefix="understudy-") as scratch:
        folder = None if given.quick else given.measure or Path(scratch) / "measured"
        checks = review.verify(given.crate, measure=folder, cores=given.cores)
    if given.json:
        said = {"crate": str(given.crate), "summary": summary(checks), "checks": [check.plain() for check in checks]}
        print(json.dumps(said, indent=2, ensure_ascii=False))
    else:
        print("\n".join(review.lines(checks)))
    return int(any(check.state == "failed" for check in checks))


def reproduce(given: argparse.Namespace) -> int:
    """Runs a study again and prints the verdicts; 0 when all is identical or within its band, else 1."""
    from understudy import review

    try:
        done = review.reproduce(
            given.crate,
            into=given.into,
            data=given.data,
            cores=given.cores,
            seeds=given.seeds,
            tell=lambda line: print(line, flush=True),
        )
    except KeyboardInterrupt:
        print(f"stopped: the same command goes on from what is in {given.into}", file=sys.stderr)
        raise
    print("\n".join(review.outcome(done)))
    return int(not done.count.well)


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(word) for word in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no list of seeds such as 2,3,4") from None

"""The commands of a reviewer: verify a crate, and run its study again."""

import argparse
import json
import sys
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
    check.add_argument(
        "--measure",
        type=Path,
        metavar="DIR",
        help="also render the synthetic actors' clips in this new folder and measure the crate's fakes again",
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

    checks = review.verify(given.crate, measure=given.measure, cores=given.cores)
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

"""The review: what somebody who was not there can check of a finished study, and run again.

`verify` checks a crate against itself; `reproduce` runs its study anew and compares the numbers.
"""

from understudy.review.checks import Check, Finding, lines
from understudy.review.reproduce import Reproduction, outcome, reproduce
from understudy.review.verify import verify
from understudy.review.workspace import ReproductionError

__all__ = ["Check", "Finding", "Reproduction", "ReproductionError", "lines", "outcome", "reproduce", "verify"]

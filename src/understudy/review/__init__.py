"""The review: what somebody who was not there can check of a finished study, and run again.

`verify` checks a crate against itself; `reproduce` runs its study anew and compares the numbers.
"""

from understudy.review.checks import Check, Finding
from understudy.review.verify import verify

__all__ = ["Check", "Finding", "verify"]

"""What every job needs of its place: progress for whoever waits, a digest of its code, what it cost, the machine."""

from understudy.job.fingerprint import fingerprint
from understudy.job.machine import Meter, machine
from understudy.job.progress import log, progress

__all__ = ["Meter", "fingerprint", "log", "machine", "progress"]

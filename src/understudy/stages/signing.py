"""What a study signs and marks its fakes with: its own chain and key, or those that every copy of the program has."""

from understudy import provenance
from understudy.config import Publishing
from understudy.provenance.certificates import load
from understudy.watermark.key import PUBLIC


def check_signing(publishing: Publishing) -> None:
    """Raises the Error of whatever cannot sign or mark: before any long work, not after it."""
    chosen = credentials(publishing)
    if chosen is not None:
        load(chosen)
    watermark_key(publishing)


def credentials(publishing: Publishing) -> provenance.Credentials | None:
    """The study's own certificate chain, if it has one."""
    if publishing.certificate is None or publishing.key is None:
        return None
    return provenance.Credentials(certificate=publishing.certificate, key=publishing.key)


def watermark_key(publishing: Publishing) -> bytes:
    """The key of the study's watermark. Raises the Error of a file that holds none, or that others may read."""
    return PUBLIC if publishing.watermark_key is None else provenance.read_key(publishing.watermark_key)

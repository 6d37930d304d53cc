"""What a study signs and marks its fakes with: its own chain and key, or those that every copy of the program has."""

from understudy import provenance
from understudy.config import Publishing
from understudy.errors import ConfigError
from understudy.provenance.certificates import load
from understudy.watermark.key import KEY_BYTES, PUBLIC


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
    """The key of the study's watermark. Raises ConfigError for a file that holds none."""
    path = publishing.watermark_key
    if path is None:
        return PUBLIC
    if not path.is_file() or path.stat().st_size != KEY_BYTES:
        fact = f"is no file of {KEY_BYTES} bytes"
        raise ConfigError(path, fact, f"Make one: `head -c {KEY_BYTES} /dev/urandom > {path}`.")
    return path.read_bytes()

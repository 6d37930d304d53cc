"""What a study signs and marks its fakes with: its own chain and key, or those that every copy of the program has; and
what it signs: where they come from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from understudy import provenance
from understudy.config import Publishing
from understudy.files import sha256
from understudy.people import Pair
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


def descent(
    allowed: Pair, log_head: str, *, trained: tuple[str, Path | None], inputs: Mapping[str, Path], **what: Any
) -> provenance.Lineage:
    """The lineage of a fake of `allowed`.

    log_head: of the consent log that allowed it. trained: the name of the training and its weights in the folder of
    whom it knows; None for what learns nothing. inputs: what it is made of, under a name. what: the lineage's other
    fields.
    """
    name, weights = trained
    return provenance.Lineage(
        source=allowed.source,
        driver=allowed.driver,
        run=f"{name}/{weights.parent.name}/seed {what['seed']}" if weights else None,
        consents=allowed.consents,
        log_head=log_head,
        inputs={name: sha256(path) for name, path in inputs.items()},
        **what,
    )

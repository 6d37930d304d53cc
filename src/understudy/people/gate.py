"""The gate: everything that a study will do with people is covered, or nothing is run."""

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence

from understudy.errors import ConsentError
from understudy.people.consent import Synthetic
from understudy.people.ledger import Ledger
from understudy.people.manifest import Manifest
from understudy.people.pairs import Pair, pair

SIDES = ("source", "driver")


def gate(
    ledger: Ledger,
    manifest: Manifest,
    pairs: Sequence[tuple[str, str]],
    families: Iterable[str],
    *,
    learns: Mapping[str, Iterable[str]] | None = None,
    on: datetime.date | None = None,
) -> tuple[Pair, ...]:
    """Every (source, driver) of `pairs` in every family, once all of it is covered on the day `on` (today by default).

    learns: of which sides, "source" and "driver", the methods of a family learn; of both unless it is said.
    Raises one ConsentError that holds every refusal. Asked are: extraction of each subject; source and driver of each
    pair, and training where a family learns, with the other as counterpart; no footage on a synthetic basis.
    """
    families = tuple(dict.fromkeys(families))
    sides = {family: SIDES if learns is None else tuple(learns.get(family, ())) for family in families}
    refused = dict.fromkeys(str(error) for error in _refusals(ledger, manifest, pairs, sides, on))
    if len(refused) == 1:
        raise ConsentError("consent", next(iter(refused)).rstrip("."), "Nothing was run.")
    if refused:
        lines = "".join(f"\n  - {line}" for line in refused)
        raise ConsentError("consent", f"{len(refused)} uses are not covered", f"Nothing was run:{lines}")
    return tuple(
        pair(ledger, source=source, driver=driver, family=family, on=on)
        for source, driver in pairs
        for family in families
    )


def _refusals(
    ledger: Ledger,
    manifest: Manifest,
    pairs: Sequence[tuple[str, str]],
    sides: Mapping[str, Sequence[str]],
    on: datetime.date | None,
) -> Iterator[ConsentError]:
    """Every use of the study that is not covered, in the order of the pairs."""
    for subject in dict.fromkeys(subject for both in pairs for subject in both):
        yield from filter(
            None, [ledger.refusal(subject, "extract", None, on), _not_synthetic(ledger, manifest, subject)]
        )
    for source, driver in pairs:
        for family, learned in sides.items():
            for subject, side, other in ((source, "source", driver), (driver, "driver", source)):
                purposes = [f"be-{side}", "train"] if side in learned else [f"be-{side}"]
                asked = (ledger.refusal(subject, purpose, family, on, other) for purpose in purposes)
                yield from filter(None, asked)


def _not_synthetic(ledger: Ledger, manifest: Manifest, subject: str) -> ConsentError | None:
    """The refusal of a record that calls a subject synthetic whose clips are footage."""
    record = ledger.record(subject)
    footage = [clip.id for clip in manifest.of(subject) if not clip.synthetic]
    if record is None or not isinstance(record.basis, Synthetic) or not footage:
        return None
    fact = f"the record '{record.id}' ({record.path}) says synthetic, and the clip '{footage[0]}' is footage"
    return ConsentError(f"subject '{subject}'", fact, "Give the basis on which that person's footage may be used.")


def may_show(ledger: Ledger, subjects: Iterable[str], on: datetime.date | None = None) -> tuple[str, ...]:
    """Those of `subjects` who may be seen in a report on the day `on` (today by default); the others must not be."""
    return _who_may(ledger, subjects, "appear-in-report", on)


def may_be_stimulus(ledger: Ledger, subjects: Iterable[str], on: datetime.date | None = None) -> tuple[str, ...]:
    """Those of `subjects` whom participants of a study may see or hear on the day `on` (today by default)."""
    return _who_may(ledger, subjects, "study-stimulus", on)


def may_publish(ledger: Ledger, subjects: Iterable[str], on: datetime.date | None = None) -> tuple[str, ...]:
    """Those of `subjects` of whom fakes may leave the machine; a fake may where everybody in it agreed."""
    return _who_may(ledger, subjects, "publish", on)


def may_share_weights(ledger: Ledger, subjects: Iterable[str], on: datetime.date | None = None) -> tuple[str, ...]:
    """Those of `subjects` of whom models may leave the machine; a model may where everybody in it agreed."""
    return _who_may(ledger, subjects, "share-weights", on)


def _who_may(ledger: Ledger, subjects: Iterable[str], purpose: str, on: datetime.date | None) -> tuple[str, ...]:
    return tuple(subject for subject in subjects if ledger.refusal(subject, purpose, None, on) is None)

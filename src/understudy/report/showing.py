"""Who may be seen in a report. Whoever did not allow it, or whose record is not in force, appears as numbers only."""

from collections.abc import Iterable
from dataclasses import replace

from understudy.report.page import Page, PairView, Player


def hidden(page: Page) -> frozenset[str]:
    """The subjects named in the page whose record does not allow showing them, or who have none."""
    allowed = {p.subject for p in page.people} - {
        p.subject for p in page.people if not p.shown or p.status != "in force"
    }
    named = {p.subject for p in page.people} | {f.subject for f in page.footage} | {e.subject for e in page.extractions}
    named |= {s for pair in page.pairs for s in (pair.source, pair.driver)} | {
        s for run in page.runs for s in run.subjects
    }
    return frozenset(named - allowed)


def shown(page: Page) -> Page:
    """The page without any picture, sound or video of the subjects that are `hidden`; every number stays."""
    away = hidden(page)

    def free(subjects: Iterable[str]) -> bool:
        return away.isdisjoint(subjects)

    runs = tuple(r if free(r.subjects) else replace(r, timelapse=None, preview=None) for r in page.runs)
    found = tuple(e if free((e.subject,)) else replace(e, picture=None) for e in page.extractions)
    return replace(page, pairs=tuple(_pair(p, away) for p in page.pairs), runs=runs, extractions=found)


def _pair(pair: PairView, away: frozenset[str]) -> PairView:
    clips = tuple(replace(c, players=tuple(p for p in c.players if away.isdisjoint(seen(p, pair)))) for c in pair.clips)
    return replace(pair, clips=clips)


def seen(player: Player, pair: PairView) -> frozenset[str]:
    """The people whose likeness or voice a player holds: a fake, and its truth, hold both."""
    if player.part == "source":
        return frozenset({pair.source})
    return frozenset({pair.driver}) if player.part == "driver" else frozenset({pair.source, pair.driver})

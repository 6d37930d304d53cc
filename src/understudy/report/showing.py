"""Who may be seen in a report. Whoever did not allow it, or whose record is not in force, appears as numbers only."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from understudy.report.page import Page, PairView, Player

# study: whoever ran the study. crate: whoever is handed its crate, which may be anybody.
Audience = Literal["study", "crate"]


def hidden(page: Page, audience: Audience = "study") -> frozenset[str]:
    """The subjects named in the page whose record does not allow showing them to `audience`, or who have none."""
    allowed = {p.subject for p in page.people} - {
        p.subject
        for p in page.people
        if not p.shown or p.status != "in force" or (audience == "crate" and not p.published)
    }
    named = {p.subject for p in page.people} | {f.subject for f in page.footage} | {e.subject for e in page.extractions}
    named |= {each.subject for each in page.speech}
    named |= {s for pair in page.pairs for s in (pair.source, pair.driver)} | {
        s for run in page.runs for s in run.subjects
    }
    return frozenset(named - allowed)


def shown(page: Page, audience: Audience = "study") -> Page:
    """The page without any picture, sound or video of the subjects that are `hidden`; every number stays.

    For the crate nothing is left but the fakes of people who all allow to be published: no footage, no truth, no
    preview, whoever is in it.
    """
    away = hidden(page, audience)

    def free(subjects: Iterable[str]) -> bool:
        return audience == "study" and away.isdisjoint(subjects)

    runs = tuple(r if free(r.subjects) else replace(r, timelapse=None, preview=None, sound=None) for r in page.runs)
    found = tuple(e if free((e.subject,)) else replace(e, picture=None) for e in page.extractions)
    heard = tuple(each if free((each.subject,)) else replace(each, picture=None) for each in page.speech)
    pairs = tuple(_pair(p, away, audience) for p in page.pairs)
    return replace(page, pairs=pairs, runs=runs, extractions=found, speech=heard)


def _pair(pair: PairView, away: frozenset[str], audience: Audience) -> PairView:
    def free(player: Player) -> bool:
        return away.isdisjoint(seen(player, pair)) and (audience == "study" or player.part == "fake")

    return replace(pair, clips=tuple(replace(c, players=tuple(filter(free, c.players))) for c in pair.clips))


def seen(player: Player, pair: PairView) -> frozenset[str]:
    """The people whose likeness or voice a player holds: a fake, and its truth, hold both."""
    if player.part == "source":
        return frozenset({pair.source})
    return frozenset({pair.driver}) if player.part == "driver" else frozenset({pair.source, pair.driver})

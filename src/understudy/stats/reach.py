"""Of what a mean over people and clips speaks, and how far it may be off.

A study takes every pair (source, driver) of a few people through a method, on the driver's clips. People and clips
are random and crossed: two pairs that share a person share what is particular about that face, and all pairs of a
driver share its clips. So pairs are no independent sample, and clips still less; who counts them as such finds
differences where there are none (Westfall, Kenny & Judd, J. Exp. Psychol. Gen. 143(5), 2014).

over people: the jackknife that leaves out one person with all pairs that this person is in. A mean over pairs is a
U-statistic of the people, whose jackknife variance is never too small on average (Efron & Stein, Ann. Statist. 9(3),
1981): for n people in all pairs it is right where people make the difference and too large by up to
2 (n - 1) / (n - 2) where each pair is a chance of its own, so that Student's t with n - 1 degrees of freedom keeps its
rate at every mixture of both. What trainings and clips add is within it, as each belongs to a person or a pair.
Where no source is a driver too the two roles are left out in turn and their variances added (Cameron, Gelbach &
Miller, J. Bus. Econ. Stat. 29(2), 2011, without the term that they subtract).

over clips: people held fixed, clips drawn within drivers (a stratified sample; Welch-Satterthwaite degrees of
freedom). It says nothing of other people.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from understudy.stats.grid import Cell, Floats
from understudy.stats.paired import FEWEST_CLIPS

Over = Literal["people", "clips"]
FEWEST_PEOPLE = 3
LEAST_FREEDOM = 1.5
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a mean's variance: the sum of squares of `factor_XC` times the cells' values."""

    factor_XC: Floats
    freedom: float

    def variance(self, values_C: Floats) -> float:
        return float(((self.factor_XC @ values_C) ** 2).sum())


@dataclass(frozen=True, kw_only=True)
class Role:
    """Units that are drawn again together: how many, and which of them each pair or cell needs (`count`: none)."""

    count: int
    units_XC: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Reach:
    """weights_C: each pair counts the same in the mean, each clip of a pair the same.

    over: "" when neither people nor clips are enough; then there are no parts. words: over whom, or why there is none.
    """

    weights_C: Floats
    over: Literal["people", "clips", ""]
    parts: tuple[Part, ...]
    roles: tuple[Role, ...]
    words: str


@lru_cache(maxsize=256)
def reach(cells: tuple[Cell, ...], over: Over) -> Reach:
    """The reach over people if it is asked for and they are enough, else over clips, else none."""
    found = _people(cells) if over == "people" else None
    return found or _clips(cells) or Reach(weights_C=weights(cells), over="", parts=(), roles=(), words=_few(cells))


def weights(cells: Sequence[Cell]) -> Floats:
    """Each pair's share of the mean, divided among its clips."""
    share_C: Floats = pair_means(cells).mean(axis=0)
    return share_C


def pairs(cells: Sequence[Cell]) -> list[tuple[str, str]]:
    return sorted({(source, driver) for source, driver, _ in cells})


def clips(cells: Sequence[Cell]) -> int:
    return len({(driver, clip) for _, driver, clip in cells})


def of_pairs(cells: Sequence[Cell]) -> NDArray[np.int64]:
    """The place of each cell's pair in `pairs`."""
    place = {pair: p for p, pair in enumerate(pairs(cells))}
    return np.array([place[source, driver] for source, driver, _ in cells])


def pair_means(cells: Sequence[Cell]) -> Floats:
    """The matrix PC that takes cells to the means of their pairs."""
    pair_C = of_pairs(cells)
    member_PC = (np.arange(pair_C.max() + 1)[:, None] == pair_C).astype(float)
    means_PC: Floats = member_PC / member_PC.sum(axis=1, keepdims=True)
    return means_PC


def same_training(found: Pairs) -> Floats:
    """PP: 1 where two ordered pairs are of the same two people, who share a training."""
    names = {pair: k for k, pair in enumerate(sorted({tuple(sorted(pair)) for pair in found}))}
    training_P = np.array([names[tuple(sorted(pair))] for pair in found])
    same_PP: Floats = (training_P[:, None] == training_P).astype(float)
    return same_PP


def _people(cells: Sequence[Cell]) -> Reach | None:
    found, mean_PC = pairs(cells), pair_means(cells)
    roles, words = _roles(found)
    parts = tuple(_jackknife(found, role, mean_PC) for role in roles)
    if not parts or any(part.freedom < LEAST_FREEDOM for part in parts):
        return None
    drawn = [Role(count=role.count, units_XC=role.units_XC[:, of_pairs(cells)]) for role in roles]
    share_C = mean_PC.mean(axis=0)
    return Reach(weights_C=share_C, over="people", parts=parts, roles=(*drawn, *_clip_roles(cells)), words=words)


def _roles(found: Pairs) -> tuple[list[Role], str]:
    """Who is drawn: people where somebody is both source and driver, else sources and drivers, and that in words."""
    sources, drivers = sorted({s for s, _ in found}), sorted({d for _, d in found})
    if set(sources) & set(drivers):
        people = sorted({*sources, *drivers})
        always = [name for name in people if all(name in pair for pair in found)]
        role = _role([(s, d) for s, d in found], sorted(set(people) - set(always)))
        words = f"over {role.count} people" + (f" who met {always[0]} alone" if always else "")
        return ([role] if role.count >= FEWEST_PEOPLE else []), words
    return _two_roles({"sources": ([(s,) for s, _ in found], sources), "drivers": ([(d,) for _, d in found], drivers)})


def _two_roles(columns: dict[str, tuple[list[tuple[str]], list[str]]]) -> tuple[list[Role], str]:
    """Sources and drivers (of each pair, and all), without the one whose people each met a single partner."""
    met, sources, drivers = (len(columns["sources"][0]), *(len(names) for _, names in columns.values()))
    if met == sources and (drivers >= FEWEST_PEOPLE or sources == drivers):
        columns = {"drivers": columns["drivers"]}
    elif met == drivers and sources >= FEWEST_PEOPLE:
        columns = {"sources": columns["sources"]}
    drawn = {name: _role(*column) for name, column in columns.items() if len(column[1]) >= FEWEST_PEOPLE}
    words = "over " + " and ".join(f"{role.count} {name}" for name, role in drawn.items())
    fixed = [
        f" with {counted(len(names), role[:-1])} alone" for role, (_, names) in columns.items() if role not in drawn
    ]
    return list(drawn.values()), words + "".join(fixed)


def _role(members: Sequence[tuple[str, ...]], drawn: Sequence[str]) -> Role:
    index = {name: u for u, name in enumerate(drawn)}
    return Role(
        count=len(drawn), units_XC=np.array([[index.get(name, len(drawn)) for name in row] for row in members]).T
    )


def _jackknife(found: Pairs, role: Role, mean_PC: Floats) -> Part:
    """The jackknife over a role's units, scaled to be right for what is particular to a unit.

    Where that would be too small for what is particular to a training it is scaled for that. The degrees of freedom
    are Satterthwaite's under either, the fewer (cf. Bell & McCaffrey, Survey Methodology 28(2), 2002).
    """
    in_PU = (role.units_XC[:, :, None] == np.arange(role.count)).any(axis=0).astype(float)
    share_P = np.full(len(found), 1 / len(found))
    change_PU = (1 - in_PU) / (1 - in_PU).sum(axis=0) - share_P[:, None]
    form_PP = change_PU @ change_PU.T
    kinds = [in_PU @ in_PU.T, same_training(found)]
    held = [form_PP @ kind for kind in kinds]
    scale = max(
        float(share_P @ kind @ share_P) / max(float(np.trace(h)), 1e-12) for kind, h in zip(kinds, held, strict=True)
    )
    freedom = min(float(np.trace(h)) ** 2 / max(float((h * h.T).sum()), 1e-12) for h in held)
    return Part(factor_XC=np.sqrt(scale) * change_PU.T @ mean_PC, freedom=freedom)


def _clips(cells: Sequence[Cell]) -> Reach | None:
    roles, share_C = _clip_roles(cells), weights(cells)
    if clips(cells) < FEWEST_CLIPS or any(role.count < 2 for role in roles):
        return None
    parts = []
    for role in roles:
        n = role.count
        total_UC = (role.units_XC == np.arange(n)[:, None]) * share_C
        centre_UU = np.eye(n) - 1 / n
        parts.append(Part(factor_XC=np.sqrt(n / (n - 1)) * centre_UU @ total_UC, freedom=float(n - 1)))
    words = f"over {clips(cells)} clips of these people"
    return Reach(weights_C=share_C, over="clips", parts=tuple(parts), roles=roles, words=words)


def _clip_roles(cells: Sequence[Cell]) -> tuple[Role, ...]:
    roles = []
    for driver in sorted({driver for _, driver, _ in cells}):
        names = sorted({clip for _, d, clip in cells if d == driver})
        index = {(driver, clip): u for u, clip in enumerate(names)}
        units_C = np.array([index.get((d, clip), len(names)) for _, d, clip in cells])
        roles.append(Role(count=len(names), units_XC=units_C[None]))
    return tuple(roles)


def _few(cells: Sequence[Cell]) -> str:
    people = {name for pair in pairs(cells) for name in pair}
    who = "1 person" if len(people) == 1 else f"{len(people)} people"
    seen = f"{who} in {counted(len(pairs(cells)), 'pair')} and {counted(clips(cells), 'clip')}"
    enough = f"{FEWEST_PEOPLE} people (or sources, or drivers) apart, or {FEWEST_CLIPS} clips with two a driver"
    return f"{seen} are too few: it takes pairs that tell {enough}"


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

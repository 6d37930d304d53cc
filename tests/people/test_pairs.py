"""Pairs and groups: only a check of the records makes them, and the gate tells every refusal at once."""

import copy
import dataclasses
import datetime
import pickle
from pathlib import Path
from typing import Any

import pytest

from understudy.errors import ConsentError
from understudy.people import Group, Ledger, Pair, gate, group, may_be_stimulus, may_show, pair

from .conftest import TODAY, Write, clip, manifest, record


@pytest.fixture
def book(ledger: Write) -> Ledger:
    """s1 and s2 may meet, s3 is for the same person only, s4 must not be learned from."""
    return ledger(
        record("s1", counterparts=["s2"]),
        record("s2"),
        record(
            "s3", counterparts="same-person", basis={"kind": "licence", "name": "CC BY 4.0", "url": "https://x.org"}
        ),
        record("s4", purposes={"train": [], "appear-in-report": False, "study-stimulus": True}),
    )


def test_a_pair_says_who_and_by_which_records(book: Ledger) -> None:
    made = pair(book, source="s1", driver="s2", family="swap", on=TODAY)
    assert (made.source, made.driver, made.family) == ("s1", "s2", "swap")
    assert made.consents == ("s1-2026", "s2-2026")
    assert made == pair(book, source="s1", driver="s2", family="swap", on=TODAY)
    assert made != pair(book, source="s2", driver="s1", family="swap", on=TODAY)
    assert len({made, pair(book, source="s1", driver="s2", family="swap", on=TODAY)}) == 1
    assert pair(book, source="s3", driver="s3", family="swap", on=TODAY).consents == ("s3-2026",)


def test_counterparts_are_asked_on_both_sides(book: Ledger) -> None:
    for source, driver in (("s1", "s3"), ("s3", "s1"), ("s2", "s3"), ("s3", "s2"), ("s1", "s4"), ("s4", "s1")):
        with pytest.raises(ConsentError, match="allows as counterpart only"):
            pair(book, source=source, driver=driver, family="swap", on=TODAY)


def test_the_sides_are_asked_for_their_own_purpose(ledger: Write) -> None:
    book = ledger(record("s1", purposes={"be-driver": []}), record("s2", purposes={"be-source": []}))
    assert pair(book, source="s1", driver="s2", family="swap", on=TODAY)
    with pytest.raises(ConsentError, match=r"subject 's2'.*'be-source'"):
        pair(book, source="s2", driver="s1", family="swap", on=TODAY)
    with pytest.raises(ConsentError, match="'be-source' of family 'voice'"):
        pair(book, source="s1", driver="s2", family="voice", on=TODAY)


def test_a_group_is_asked_one_by_one_and_with_each_other(book: Ledger) -> None:
    made = group(book, subjects=("s2", "s1"), family="swap", on=TODAY)
    assert (made.subjects, made.family, made.consents) == (("s2", "s1"), "swap", ("s1-2026", "s2-2026"))
    for subjects, word in ((("s1", "s3"), "'s1'"), (("s2", "s3"), "'s3'"), (("s2", "s4"), "'s4'"), ((), "no subject")):
        with pytest.raises(ConsentError, match=word):
            group(book, subjects=subjects, family="swap", on=TODAY)


def proofs(book: Ledger) -> tuple[Pair, Group]:
    return (
        pair(book, source="s1", driver="s2", family="swap", on=TODAY),
        group(book, subjects=("s1", "s2"), family="swap", on=TODAY),
    )


@pytest.mark.parametrize("cls", [Pair, Group])
def test_nothing_constructs_one(cls: type[Any]) -> None:
    with pytest.raises(ConsentError, match="cannot be constructed directly"):
        cls()
    with pytest.raises(ConsentError, match="cannot be constructed directly"):
        cls(source="s1", driver="s3", family="swap", consents=("s1-2026",))
    with pytest.raises(ConsentError, match="cannot be subclassed"):
        type("Mine", (cls,), {"source": "s1", "driver": "s3"})
    with pytest.raises(ConsentError, match="cannot be subclassed"):
        type("Mine", (cls,), {"source": "s1", "__module__": cls.__module__})
    with pytest.raises(ConsentError, match="not made by a check"):
        _ = object.__new__(cls).family
    with pytest.raises(ConsentError, match="not made by a check"):
        repr(object.__new__(cls))


def test_nothing_forges_one_from_a_true_one(book: Ledger) -> None:
    for proof in proofs(book):
        with pytest.raises(TypeError):
            dataclasses.replace(proof, source="s3")  # type: ignore[type-var] # that it is no dataclass is the point
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(ConsentError, match="another process"):
                pickle.dumps(proof, protocol)
        for name in ("source", "subjects", "family", "_facts", "_seal"):
            with pytest.raises(ConsentError, match="cannot be altered"):
                setattr(proof, name, "s3")
        with pytest.raises(ConsentError, match="cannot be altered"):
            del proof._facts
        assert copy.copy(proof) is proof
        assert copy.deepcopy([proof])[0] is proof


def test_what_is_altered_by_force_says_nothing(book: Ledger) -> None:
    taken, joint = proofs(book)
    with pytest.raises(AttributeError):
        object.__setattr__(taken, "source", "s3")
    facts, seal = taken._facts, taken._seal
    for changed in (("s3", *facts[1:]), (*facts[:2], "voice", facts[3]), [*facts], (), None, joint._facts):
        object.__setattr__(taken, "_facts", changed)
        with pytest.raises(ConsentError, match="not made by a check"):
            _ = taken.source
    object.__setattr__(taken, "_facts", facts)
    assert taken.source == "s1"

    class Liar(tuple[object, ...]):
        __slots__ = ()

        def __repr__(self) -> str:
            return repr(facts)

    object.__setattr__(taken, "_facts", Liar(("s3", *facts[1:])))
    with pytest.raises(ConsentError, match="not made by a check"):
        _ = taken.source
    forged = object.__new__(Group)
    for name, value in (("_facts", facts), ("_seal", seal)):
        object.__setattr__(forged, name, value)
    with pytest.raises(ConsentError, match="not made by a check"):
        _ = forged.subjects


def test_the_gate_gives_every_pair_in_every_family(ledger: Write, tmp_path: Path) -> None:
    families = {name: ["swap", "voice"] for name in ("train", "be-source", "be-driver")}
    book = ledger(record("s1", purposes=families), record("s2", purposes=families))
    clips = manifest(tmp_path, clip("a", "s1"), clip("b", "s2"))
    made = gate(book, clips, [("s1", "s2"), ("s2", "s1")], ["swap", "voice"], on=TODAY)
    assert [(p.source, p.driver, p.family) for p in made] == [
        ("s1", "s2", "swap"),
        ("s1", "s2", "voice"),
        ("s2", "s1", "swap"),
        ("s2", "s1", "voice"),
    ]


def test_the_gate_tells_every_refusal_at_once(book: Ledger, tmp_path: Path) -> None:
    clips = manifest(tmp_path, clip("a", "s1"))
    with pytest.raises(ConsentError) as caught:
        gate(book, clips, [("s1", "s3"), ("s3", "s1"), ("s2", "s4"), ("s9", "s2")], ["swap"], on=TODAY)
    text = str(caught.value)
    for subject in ("s1", "s3"):
        for purpose in ("be-source", "be-driver", "train"):
            assert f"subject '{subject}': purpose '{purpose}' of family 'swap'" in text
    assert "subject 's4': purpose 'train'" in text
    assert "subject 's9': purpose 'extract' is not covered: there is no record" in text
    assert "subject 's2'" not in text
    lines = [line for line in text.splitlines() if line.startswith("  - ")]
    assert len(lines) == len(set(lines)) == int(text.split()[1])
    assert "Nothing was run" in text


def test_the_gate_asks_for_training_where_there_is_some(book: Ledger, tmp_path: Path) -> None:
    clips = manifest(tmp_path, clip("a", "s2"), clip("b", "s4"))
    for learns in ({}, {"swap": ("source",)}):
        assert gate(book, clips, [("s2", "s4")], ["swap"], learns=learns, on=TODAY)
    for refused in (None, {"swap": ("driver",)}, {"swap": ("source", "driver")}):
        with pytest.raises(ConsentError, match=r"'s4'.*'train'"):
            gate(book, clips, [("s2", "s4")], ["swap"], learns=refused, on=TODAY)


def test_a_licence_for_the_same_person_never_gives_another_face(ledger: Write, tmp_path: Path) -> None:
    """Speakers of a published corpus allowed the corpus, and nobody's face on theirs."""
    grid = {"kind": "licence", "name": "CC BY 4.0", "url": "https://doi.org/10.5281/zenodo.3625687"}
    book = ledger(*(record(s, basis=grid, counterparts="same-person", until=None) for s in ("s1", "s2")))
    clips = manifest(tmp_path, clip("a", "s1", "source"), clip("b", "s1", "driver"), clip("c", "s2"))
    assert gate(book, clips, [("s1", "s1")], ["swap"], on=TODAY)
    with pytest.raises(ConsentError) as caught:
        gate(book, clips, [("s1", "s2")], ["swap"], on=TODAY)
    for word in ("'s1'", "'be-source'", "'s1-2026'", "same person", "with 's2'", "Take that pair out"):
        assert word in str(caught.value)


def test_footage_of_a_person_is_never_synthetic(ledger: Write, tmp_path: Path) -> None:
    book = ledger(*(record(s, basis={"kind": "synthetic"}, until=None) for s in ("ada", "ben")))
    cast = clip("a", "ada", path="cast:ada/reading-1")
    assert gate(book, manifest(tmp_path, cast), [("ada", "ada")], ["swap"], on=TODAY)
    clips = manifest(tmp_path, cast, clip("b", "ben"))
    with pytest.raises(ConsentError, match=r"'ben'.*says synthetic, and the clip 'b' is footage"):
        gate(book, clips, [("ada", "ben")], ["swap"], on=TODAY)


def test_withdrawal_closes_the_gate(ledger: Write, tmp_path: Path) -> None:
    clips = manifest(tmp_path, clip("a", "s1"), clip("b", "s2"))
    assert gate(ledger(record("s1"), record("s2")), clips, [("s1", "s2")], ["swap"], on=TODAY)
    book = ledger(record("s1"), record("s2", withdrawn=datetime.date(2026, 5, 1)))
    with pytest.raises(ConsentError, match="withdrawn on 2026-05-01"):
        gate(book, clips, [("s1", "s2")], ["swap"], on=TODAY)


def test_who_may_be_seen(book: Ledger) -> None:
    everyone = ("s1", "s2", "s3", "s4", "s9")
    assert may_show(book, everyone, TODAY) == ("s1", "s2", "s3")
    assert may_be_stimulus(book, everyone, TODAY) == ("s4",)
    assert may_show(book, everyone, datetime.date(2030, 1, 1)) == ()

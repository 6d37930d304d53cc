"""What follows from a log: the same as from a simple model, at every date, whatever the history."""

import dataclasses
import datetime
import itertools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.errors import ConsentError
from understudy.people import FAMILIES, PURPOSES, Consent, Ledger, Terms, grant, log, read_ledger, withdraw
from understudy.people.consent import BY_FAMILY, met, read_terms
from understudy.people.events import Draft, sign
from understudy.people.records import kind_of, terms_of
from understudy.people.uses import note_expired, purged
from understudy.settings import plain

from ..conftest import clock
from .conftest import record
from .test_log import elsewhere

Grant = Callable[..., Ledger]
DAYS = [datetime.date(2026, 1, 1) + datetime.timedelta(days=day) for day in range(12)]
SUBJECTS = ("s1", "s2", "s3")
ATOMS = [(purpose, family) for purpose in PURPOSES for family in (FAMILIES if purpose in BY_FAMILY else ("",))]


def terms(subject: str, **changes: Any) -> Terms:
    return read_terms(plain(record(subject, **changes)), "")


@st.composite
def wordings(draw: st.DrawFn, subject: str = "s1", id: str = "r1") -> Terms:
    """Any terms that a synthetic or a licensed subject may have."""
    chosen = draw(st.sets(st.sampled_from(ATOMS)))
    purposes: dict[str, Any] = {
        purpose: [f for f in FAMILIES if (purpose, f) in chosen] if purpose in BY_FAMILY else (purpose, "") in chosen
        for purpose in PURPOSES
    }
    first = draw(st.sampled_from(DAYS))
    until = draw(st.none() | st.sampled_from([day for day in DAYS if day >= first]))
    parties = draw(st.sampled_from(["anyone", "same-person"]) | st.lists(st.sampled_from(SUBJECTS), unique=True))
    made = record(subject, id=id, basis={"kind": "synthetic"}, counterparts=parties, until=until)
    return read_terms(plain(made | {"from": first, "purposes": purposes}), "")


def allows(one: Terms) -> set[tuple[Any, ...]]:
    """Every single thing that terms allow: an atom of purpose, a day, a counterpart."""
    made = Consent(path=Path(), **{name: getattr(one, name) for name in Terms.__dataclass_fields__})
    days = [day for day in [*DAYS, datetime.date(2999, 1, 1)] if made.status(day) == "in force"]
    others = [other for other in (*SUBJECTS, "stranger") if made.meets(other)]
    return set(itertools.product(one.purposes.atoms(), days, others))


@settings(max_examples=200, deadline=None)
@given(one=wordings(), other=wordings())
def test_what_two_terms_allow_together_is_what_each_allows(one: Terms, other: Terms) -> None:
    assert allows(met(one, other)) == allows(one) & allows(other)
    assert allows(met(one, one)) == allows(one)


@settings(max_examples=200, deadline=None)
@given(one=wordings(), other=wordings())
def test_within_means_that_nothing_more_is_allowed(one: Terms, other: Terms) -> None:
    if one.within(other):
        assert allows(one) <= allows(other)
    if allows(one) and not allows(one) <= allows(other):
        assert not one.within(other)
    assert one.within(one)


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_the_state_at_any_date_is_that_of_a_simple_model(data: st.DataObject) -> None:
    """Random histories by the keeper, against a dict of what was last said; asked again about every day."""
    history: dict[datetime.date, dict[str, tuple[Terms, bool]]] = {}
    state: dict[str, tuple[Terms, bool]] = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "consents"
        with clock("2025-12-31"):
            log.open_log(folder)
        for number, day in enumerate(DAYS):
            with clock(day):
                for step in range(data.draw(st.integers(0, 2))):
                    subject = data.draw(st.sampled_from(SUBJECTS))
                    old, gone = state.get(subject, (None, True))
                    if not gone and data.draw(st.booleans()) and data.draw(st.booleans()):
                        withdraw(folder, subject)
                        assert old is not None
                        state[subject] = (old, True)
                        continue
                    id = old.id if old is not None and not gone else f"{subject}-{number}-{step}"
                    said = data.draw(wordings(subject, id))
                    if gone or old is None or said.within(old) or old.within(said):
                        if said != old:
                            grant(folder, said)
                        state[subject] = (said, False)
                    else:
                        with pytest.raises(ConsentError, match="more in one thing and less in another"):
                            grant(folder, said)
                history[day] = dict(state)
        for day in DAYS:
            found = read_ledger(folder, day).records
            assert {name: (terms_of(held), bool(held.withdrawn)) for name, held in found.items()} == history[day]


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_others_only_ever_take_away_and_never_stand_in_the_keepers_way(data: st.DataObject) -> None:
    """The keeper and somebody without the key write in turns: nothing either writes makes the log unreadable."""
    with tempfile.TemporaryDirectory() as place:
        folder, runner = Path(place) / "consents", Path(place) / "runner"
        log.open_log(folder)
        for count in range(data.draw(st.integers(1, 6))):
            before = read_ledger(folder).records.get("s1")
            id = before.id if before and not before.withdrawn else f"s1-{count}"
            said = data.draw(wordings("s1", id))
            if data.draw(st.booleans()):
                if before and not before.withdrawn and data.draw(st.integers(0, 3)) == 0:
                    withdraw(folder, "s1")
                    assert read_ledger(folder).records["s1"].withdrawn
                elif before is None or before.withdrawn or said.within(before) or before.within(said):
                    if before is None or said != terms_of(before):
                        grant(folder, said)
                    now = read_ledger(folder).records["s1"]
                    assert terms_of(now) == said, "what the keeper wrote last, knowing all, holds"
                    assert not now.withdrawn
            elif before and not before.withdrawn:
                with elsewhere(runner):
                    less = terms_of(met(before, said))
                    if data.draw(st.integers(0, 3)) == 0:
                        withdraw(folder, "s1")
                        assert read_ledger(folder).records["s1"].withdrawn
                    elif less != terms_of(before):
                        grant(folder, less)
                        assert terms_of(read_ledger(folder).records["s1"]) == less


def test_what_crosses_the_keepers_writing_takes_away_all_the_same(tmp_path: Path, grant_all: Grant) -> None:
    """Two copies of a log: in one a person narrows, in the other the keeper widens meanwhile; then they are joined."""
    grant_all(tmp_path / "a", record("s1"), record("s2"))
    log_bytes = (tmp_path / "a/log.jsonl").read_bytes()
    (tmp_path / "b").mkdir()
    (tmp_path / "b/log.jsonl").write_bytes(log_bytes)
    with elsewhere(tmp_path / "runner"), clock("2026-03-01"):
        grant(tmp_path / "b", terms("s1", counterparts="same-person"))
        withdraw(tmp_path / "b", "s2")
    with clock("2026-04-01"):
        grant(tmp_path / "a", terms("s1", purposes={"publish": True}))
        grant(tmp_path / "a", terms("s2", purposes={"publish": True}))
    (tmp_path / "a/continued.jsonl").write_bytes((tmp_path / "b/continued.jsonl").read_bytes())
    found = read_ledger(tmp_path / "a").records
    assert found["s1"].counterparts == "same-person"
    assert not found["s1"].purposes.publish, "what she left knew nothing of it: it has to be said again"
    grant(tmp_path / "a", terms("s1", counterparts="same-person", purposes={"publish": True}))
    assert read_ledger(tmp_path / "a").records["s1"].purposes.publish
    assert found["s2"].withdrawn == datetime.date(2026, 3, 1)
    withdraw(tmp_path / "a", "s1")
    assert read_ledger(tmp_path / "a").records["s1"].withdrawn


def test_a_keeper_who_grants_anew_writes_down_first_that_others_withdrew(tmp_path: Path, grant_all: Grant) -> None:
    folder = tmp_path / "consents"
    grant_all(folder, record("s1"))
    with elsewhere(tmp_path / "runner"):
        withdraw(folder, "s1")
    with pytest.raises(ConsentError, match=r"was withdrawn, and never comes back\. Give the new one another id"):
        grant(folder, terms("s1"))
    grant(folder, terms("s1", id="s1-again"))
    read = read_ledger(folder)
    assert [event.kind for event in read.log.base][-2:] == ["withdrawn", "granted"]
    assert (read.records["s1"].id, read.records["s1"].withdrawn) == ("s1-again", None)
    with elsewhere(tmp_path / "runner"):
        grant(folder, terms("s1", id="s1-again", counterparts="same-person"))
    withdraw(folder, "s1")
    grant(folder, terms("s1", id="s1-third"))
    assert read_ledger(folder).records["s1"].counterparts == "anyone"


def test_a_permission_of_the_keepers_that_cannot_be_is_refused_by_its_event(tmp_path: Path, grant_all: Grant) -> None:
    """Well signed, in order, and impossible: no such log is read."""
    folder = tmp_path / "consents"
    cases = [
        ("narrowed", "s1-2026", record("s1", purposes={"publish": True}), "allows more than before"),
        ("narrowed", "s1-2026", record("s1", basis={"kind": "synthetic"}), "allows more than before"),
        ("widened", "s1-2026", record("s1", counterparts="same-person"), "allows less than before"),
        ("granted", "s1-b", record("s1", id="s1-b"), "is in place already"),
        ("granted", "s2-2026", record("s2"), "its subject or id"),
        ("widened", "s1-c", record("s1", id="s1-c"), "the record's id is"),
        ("purged", "s1-2026", {"certificate": "a" * 64, "removed": 1}, "nothing was withdrawn"),
        ("withdrawn", "s1-9", {}, "no record 's1-9'"),
        ("granted", "s1-d", {"subject": "s1"}, "missing"),
    ]
    for kind, id, said, match in cases:
        grant_all(folder, record("s1"))
        read = log.read_log(folder)
        assert read.own is not None
        draft = Draft(kind=kind, subject="s1", record=id, body=plain(said))
        last = read.base[-1]
        event = sign(draft, read.own, number=3, at=last.at, previous=last.hash, tag=last.tag)
        (folder / "log.jsonl").write_bytes((folder / "log.jsonl").read_bytes() + event.line() + b"\n")
        with pytest.raises(ConsentError, match=match) as caught:
            read_ledger(folder)
        assert f"event 3 ({kind} of 's1')" in str(caught.value)


def test_which_event_a_change_is() -> None:
    before = Consent(path=Path(), **{n: getattr(terms("s1"), n) for n in Terms.__dataclass_fields__})
    assert kind_of(terms("s1"), None) == "granted"
    assert kind_of(terms("s1", counterparts=["s2"]), before) == "narrowed"
    assert kind_of(terms("s1", purposes={"publish": True}), before) == "widened"
    assert kind_of(terms("s1", basis={"kind": "form", "sha256": "b" * 64}), before) == "widened", "a new form"
    with pytest.raises(ConsentError, match="is in place, and this is 'x'"):
        kind_of(terms("s1", id="x"), before)
    assert kind_of(terms("s1", id="x"), dataclasses.replace(before, withdrawn=DAYS[0])) == "granted"
    with pytest.raises(ConsentError, match="says exactly that already"):
        kind_of(terms("s1"), before)
    with pytest.raises(ConsentError, match="more in one thing and less in another"):
        kind_of(terms("s1", counterparts=["s2"], purposes={"publish": True}), before)


def test_an_expired_record_is_noted_once_and_can_be_renewed(tmp_path: Path, grant_all: Grant) -> None:
    folder = tmp_path / "consents"
    grant_all(folder, record("s1", until="2026-02-01"), record("s2", until="2999-01-01"))
    for _ in range(2):
        note_expired(folder, ["s1", "s2", "s9"])
    noted = [e for e in read_ledger(folder).log.events if e.kind == "expired-noted"]
    assert [(e.subject, dict(e.body)) for e in noted] == [("s1", {"until": "2026-02-01"})]
    grant(folder, terms("s1", until="2999-01-01"))
    assert read_ledger(folder).refusal("s1", "extract") is None
    assert read_ledger(folder).log.events[-1].kind == "widened"


def test_a_purge_is_of_a_withdrawn_record_and_stays(tmp_path: Path, grant_all: Grant) -> None:
    folder = tmp_path / "consents"
    grant_all(folder, record("s1"), record("s2"))
    with pytest.raises(ConsentError, match="nothing was withdrawn"):
        purged(folder, "s1", "a" * 64, 12)
    with elsewhere(tmp_path / "runner"):
        withdraw(folder, "s1")
    purged(folder, "s1", "a" * 64, 12)
    assert read_ledger(folder).gone == ("s1",)
    assert read_ledger(folder).log.base[-1].body == {"certificate": "a" * 64, "removed": 12}

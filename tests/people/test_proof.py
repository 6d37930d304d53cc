"""Proofs: records stand in a log as they are shown, nothing about whom is shown is left out, and others stay hidden."""

import contextlib
import copy
import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from understudy.errors import ConsentError
from understudy.people import Ledger, Use, ask, check_proof, grant, log, mixing, prove, read_ledger, withdraw
from understudy.people.consent import read_terms
from understudy.people.events import chained
from understudy.settings import plain

from .conftest import TODAY, record
from .test_log import VALUES, elsewhere

Grant = Callable[..., Ledger]
SHOWN = ("s1", "s2")


@pytest.fixture
def folder(tmp_path: Path, grant_all: Grant) -> Path:
    """A log of four: two meet in one study; one of them in another with the third, who withdraws; others go on."""
    place = tmp_path / "consents"
    grant_all(place, *(record(subject) for subject in ("s1", "hidden-person", "s2", "nobodys-business")))
    ask(place, "ours", "convert x", mixing("s1", "s2", "swap"), on=TODAY)
    ask(place, "theirs", "convert y", mixing("s1", "hidden-person", "swap"), on=TODAY)
    withdraw(place, "hidden-person")
    with elsewhere(tmp_path / "runner"):
        ask(place, "ours", "measure x", mixing("s1", "s2", "swap"), on=TODAY)
        withdraw(place, "nobodys-business")
    return place


def carried(proof: Any) -> Any:
    """The proof as it comes out of a file."""
    return json.loads(json.dumps(proof))


def crate(proof: Any, place: Path) -> Path:
    """A folder with nothing but the proof, as a reviewer has it."""
    place.mkdir(exist_ok=True)
    (place / "proof.json").write_text(json.dumps(proof), encoding="utf-8")
    return place


def test_a_proof_shows_the_records_in_use_and_the_whole_logs_head(folder: Path) -> None:
    ledger = read_ledger(folder)
    proof = check_proof(carried(prove(ledger.log, SHOWN, "ours")))
    assert proof.head == ledger.head
    assert proof.keeper == ledger.log.keeper
    assert [(event.kind, event.subject) for event in proof.events] == [
        ("opened", ""), ("granted", "s1"), ("granted", "s2"), ("used", "s1"), ("used", "s2"),
        ("continued", ""), ("used", "s1"), ("used", "s2"),
    ]  # fmt: skip
    assert len(proof.events) + proof.hidden == len(ledger.log.events)


def test_it_says_nothing_of_anybody_else(folder: Path) -> None:
    ledger = read_ledger(folder)
    proof = prove(ledger.log, SHOWN, "ours")
    text = json.dumps(proof)
    secret = [e for e in ledger.log.events if e.subject in ("hidden-person", "nobodys-business")]
    secret += [e for e in ledger.log.events if e.body.get("study") == "theirs"]
    for word in ("hidden-person", "nobodys", "theirs", *(e.salt for e in secret)):
        assert word not in text


def test_a_hidden_event_cannot_be_guessed(folder: Path) -> None:
    """The same record, granted twice, hides behind different hashes and tags: a salt is in each."""
    read = log.read_log(folder)
    (folder.parent / "again").mkdir()
    log.open_log(folder.parent / "again")
    grant(folder.parent / "again", read_terms(plain(record("hidden-person")), ""))
    one, other = read.base[2], log.read_log(folder.parent / "again").base[1]
    assert one.body == other.body
    assert set(one.hidden.split()[1:]).isdisjoint(other.hidden.split()[1:])


def test_a_folder_with_a_proof_is_a_ledger_of_those_it_shows(folder: Path, tmp_path: Path) -> None:
    whole = read_ledger(folder)
    place = crate(prove(whole.log, SHOWN, "ours"), tmp_path / "crate")
    with elsewhere(tmp_path / "reviewer"):
        ledger = read_ledger(place)
        assert set(ledger.records) == set(SHOWN)
        assert ledger.head == whole.head
        assert ledger.digest(SHOWN) == whole.digest(SHOWN)
        assert ledger.refusal("s1", "be-source", "swap", TODAY, "s2") is None
        assert ledger.refusal("hidden-person", "extract", None, TODAY) is not None


def test_uses_go_on_beside_a_proof_and_are_proven_in_their_turn(folder: Path, tmp_path: Path) -> None:
    """A reviewer runs the study again from its crate; and another one from the crate of that."""
    head, place = read_ledger(folder).head, folder
    for turn in range(3):
        proof = carried(prove(read_ledger(place).log, SHOWN, "ours"))
        held = check_proof(proof)
        assert head in held.heads
        assert sum(event.kind == "used" for event in held.events) == 4 + 2 * turn
        place = crate(proof, tmp_path / f"crate {turn}")
        with elsewhere(tmp_path / f"reviewer {turn}"):
            ledger = ask(place, "ours", f"again {turn}", mixing("s1", "s2", "swap"), on=TODAY)
            head = ledger.head
            assert ledger.log.continued[0].body["anchor"] == held.head
    assert not (place / "log.jsonl").exists()


def test_every_head_that_the_log_ever_had_is_known(folder: Path) -> None:
    """Whether the keeper wrote or others did: so a result that names a head can be told to be of this log."""
    heads = {read_ledger(folder).head}
    for turn in range(6):
        with elsewhere(folder.parent / "runner") if turn % 3 == 1 else contextlib.nullcontext():
            ask(folder, "ours", f"extract {turn}", [Use(subject="s1", purpose="extract")], on=TODAY)
        heads.add(read_ledger(folder).head)
    assert heads <= check_proof(carried(prove(read_ledger(folder).log, SHOWN))).heads
    assert "0" * 64 not in check_proof(carried(prove(read_ledger(folder).log, SHOWN))).heads


def test_a_reviewer_takes_away_and_never_allows(folder: Path, tmp_path: Path) -> None:
    """Not even with the keeper's key at hand: what a proof shows is a part, and grows only at its end."""
    place = crate(prove(read_ledger(folder).log, SHOWN), tmp_path / "crate")
    with pytest.raises(ConsentError, match="'granted' is signed with the key"):
        grant(place, read_terms(plain(record("s9")), ""))
    withdraw(place, "s1")
    assert read_ledger(place).records["s1"].withdrawn
    assert read_ledger(folder).records["s1"].withdrawn is None
    assert read_ledger(crate(prove(read_ledger(place).log, SHOWN), tmp_path / "next")).records["s1"].withdrawn


def test_a_proof_with_another_proofs_continuation_is_refused(folder: Path, tmp_path: Path) -> None:
    proofs = [prove(read_ledger(folder).log, SHOWN)]
    withdraw(folder, "s2")
    proofs.append(prove(read_ledger(folder).log, SHOWN))
    places = [crate(proof, tmp_path / str(number)) for number, proof in enumerate(proofs)]
    withdraw(places[0], "s1")
    (places[1] / "continued.jsonl").write_bytes((places[0] / "continued.jsonl").read_bytes())
    with pytest.raises(ConsentError, match="continues another log"):
        read_ledger(places[1])


@pytest.mark.parametrize("kind", ["withdrawn", "narrowed", "purged", "expired-noted"])
def test_what_was_taken_away_cannot_be_hidden(folder: Path, kind: str) -> None:
    """The most tempting lie: to show that somebody agreed, and hide that they withdrew."""
    grant(folder, read_terms(plain(record("s1", counterparts=["s2"])), ""))
    withdraw(folder, "s1")
    ledger = read_ledger(folder)
    event = next((e for e in ledger.log.base if e.subject == "s1" and e.kind == kind), ledger.log.base[-1])
    proof = carried(prove(ledger.log, SHOWN))
    proof["base"][event.number - 1] = event.hidden
    if event.number == len(ledger.log.base):
        proof["ends"]["base"] = {"key": event.key, "signature": event.signature}
    with pytest.raises(ConsentError, match=f"hides an event '{event.kind}' of 's1'"):
        check_proof(proof)
    proof["base"][event.number - 1] = event.hidden.replace(event.kind, "used")
    with pytest.raises(ConsentError, match=r"does not follow|not signed by the log's key"):
        check_proof(proof)


def test_a_cut_proof_is_of_an_older_head_and_says_so(folder: Path) -> None:
    """It holds, as the log once did; that its head is not the one that the results name is for the reviewer to see."""
    ledger = read_ledger(folder)
    proof = carried(prove(ledger.log, SHOWN))
    proof["continued"], proof["head"] = [], ledger.log.base[-1].hash
    del proof["ends"]["continued"]
    assert check_proof(proof).head != ledger.head
    proof["base"].pop()
    proof["head"] = chained(ledger.log.base[-2].previous, ledger.log.base[-2].hidden)
    with pytest.raises(ConsentError, match=r"end is not signed|ends are not"):
        check_proof(proof)


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where each value within a JSON value stands."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path for key, item in items for path in [(*here, key), *paths(item, (*here, key))]]


def test_no_value_of_a_proof_can_be_changed_dropped_or_doubled(folder: Path, tmp_path: Path) -> None:
    place = crate(prove(read_ledger(folder).log, SHOWN, "ours"), tmp_path / "crate")
    with elsewhere(tmp_path / "reviewer"):
        ask(place, "ours", "again", [Use(subject="s1", purpose="extract")], on=TODAY)
        proof = carried(prove(read_ledger(place).log, SHOWN, "ours"))
    check_proof(proof)
    for path in paths(proof):
        for change in ("changed", "dropped", "doubled"):
            damaged = copy.deepcopy(proof)
            *above, last = path
            spot = damaged
            for key in above:
                spot = spot[key]
            if change == "changed":
                spot[last] = _other(spot[last])
            elif change == "dropped":
                del spot[last]
            elif isinstance(spot, list):
                spot.insert(last, copy.deepcopy(spot[last]))
            else:
                spot[f"{last} "] = spot[last]
            with pytest.raises(ConsentError) as caught:
                check_proof(damaged)
            assert str(caught.value), path


def _other(value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, str):
        return value[:-1] + ("0" if value[-1:] != "0" else "1")
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int):
        return value + 1
    return [*value, 1] if isinstance(value, list) else {**value, "more": 1}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), value=VALUES)
def test_a_proof_with_anything_in_it_is_refused_and_crashes_nothing(
    folder: Path, data: st.DataObject, value: Any
) -> None:
    proof = carried(prove(read_ledger(folder).log, SHOWN, "ours"))
    path = data.draw(st.sampled_from([(), *paths(proof)]))
    damaged = proof if path else value
    if path:
        *above, last = path
        spot: Any = damaged
        for key in above:
            spot = spot[key]
        if type(spot[last]) is type(value) and spot[last] == value:
            return
        spot[last] = value
    with pytest.raises(ConsentError):
        check_proof(damaged)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=60), cut=st.floats(0, 1))
def test_a_damaged_file_of_a_proof_is_refused(folder: Path, content: bytes, cut: float) -> None:
    place = crate(prove(read_ledger(folder).log, SHOWN), folder.parent / "crate")
    text = (place / "proof.json").read_bytes()
    at = int(cut * (len(text) - 1))
    (place / "proof.json").write_bytes(text[:at] + content)
    with pytest.raises(ConsentError, match=r"proof\.json"):
        read_ledger(place)


def test_swapped_events_and_ends_are_refused(folder: Path) -> None:
    proof = carried(prove(read_ledger(folder).log, SHOWN, "ours"))
    for change in (
        lambda p: p["base"].reverse(),
        lambda p: p.update(base=p["continued"], continued=p["base"]),
        lambda p: p.update(ends=dict.fromkeys(p["ends"], p["ends"]["base"])),
        lambda p: p["again"].append(p["continued"]),
        lambda p: p["base"][1].update(subject="s3"),
        lambda p: p.update(head=p["base"][1]["previous"]),
    ):
        damaged = copy.deepcopy(proof)
        change(damaged)
        with pytest.raises(ConsentError):
            check_proof(damaged)


def test_a_proof_whose_last_event_hands_the_log_over(folder: Path) -> None:
    log.change_key(folder)
    ledger = read_ledger(folder)
    assert check_proof(carried(prove(ledger.log, SHOWN))).keeper == ledger.log.keeper
    withdraw(folder, "s1")
    assert check_proof(carried(prove(read_ledger(folder).log, ["s2"]))).hidden
    proof = carried(prove(read_ledger(folder).log, SHOWN))
    turn = next(e for e in read_ledger(folder).log.base if e.kind == "key-changed")
    proof["base"][turn.number - 1] = turn.hidden
    with pytest.raises(ConsentError, match="is no hidden event about somebody"):
        check_proof(proof)


def test_the_past_can_be_proven_too(folder: Path) -> None:
    """A proof holds the whole history of whom it shows: what a record said on the day of a run."""
    place = crate(prove(read_ledger(folder).log, SHOWN), folder.parent / "crate")
    assert read_ledger(place, datetime.date(2019, 1, 1)).records == {}
    assert set(read_ledger(place, datetime.date(2020, 1, 1)).records) == set(SHOWN)


def test_a_use_that_names_somebody_else_is_hidden(tmp_path: Path, grant_all: Grant) -> None:
    """Whoever is not proven for is named nowhere: not as a counterpart, not by a clip of theirs in another's job."""
    folder = tmp_path / "consents"
    grant_all(folder, *(record(subject) for subject in ("ada", "ben", "zoe")))
    ask(folder, "s", "extract zoe-film", [Use(subject="zoe", purpose="extract")], on=TODAY)
    ask(folder, "s", "truth ada zoe-film", [Use(subject="ada", purpose="extract")], on=TODAY)
    ask(folder, "s", "convert copy zoe on ben-film", mixing("zoe", "ben", "swap"), on=TODAY)
    ask(folder, "s", "convert copy ada on ben-film", mixing("ada", "ben", "swap"), on=TODAY)
    proof = prove(read_ledger(folder).log, ["ada", "ben"], "s")
    assert "zoe" not in json.dumps(proof)
    shown = [event.body["job"] for event in check_proof(proof).events if event.kind == "used"]
    assert shown == ["convert copy ada on ben-film"] * 2

"""The log: nothing in it is changed, dropped or put in between unnoticed, whatever goes wrong while it is written."""

import contextlib
import datetime
import errno
import json
import os
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from understudy.errors import ConsentError, DiskError
from understudy.people import Ledger, Use, ask, grant, keys, log, read_ledger, withdraw, witness
from understudy.people.consent import read_terms
from understudy.people.events import NOTHING, Draft, Event, sign, stamp
from understudy.people.records import body
from understudy.settings import plain

from ..conftest import clock
from .conftest import record

Grant = Callable[..., Ledger]
USE = [Use(subject="s1", purpose="extract")]


@pytest.fixture
def folder(tmp_path: Path, grant_all: Grant) -> Path:
    """A log of two records, a use, and a withdrawal."""
    place = tmp_path / "consents"
    grant_all(place, record("s1"), record("s2"))
    with clock("2026-06-01"):
        ask(place, "study", "reference", USE, on=datetime.date(2026, 6, 1))
        withdraw(place, "s2")
    return place


@contextlib.contextmanager
def elsewhere(place: Path) -> Iterator[None]:
    """As on another machine: with other keys, and no memory of any log."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNDERSTUDY_HOME", str(place))
        yield


def lines(folder: Path, name: str = "log.jsonl") -> list[bytes]:
    return (folder / name).read_bytes().splitlines(keepends=True)


def refused(folder: Path, content: bytes, match: str = "", name: str = "log.jsonl") -> None:
    """Nothing is taken from the log when a file of it holds this, even on a machine that never saw it before."""
    (folder / name).write_bytes(content)
    with elsewhere(folder.parent / "nobody"), pytest.raises(ConsentError, match=match):
        read_ledger(folder)


# --- what is there --------------------------------------------------------------------------------------------------


def test_a_log_says_what_happened_in_order(folder: Path) -> None:
    read = read_ledger(folder)
    assert [(event.kind, event.subject) for event in read.log.events] == [
        ("opened", ""), ("granted", "s1"), ("granted", "s2"), ("used", "s1"), ("withdrawn", "s2"),
    ]  # fmt: skip
    assert read.head == read.log.events[-1].hash
    assert [event.number for event in read.log.events] == [1, 2, 3, 4, 5]
    assert read.records["s2"].withdrawn == datetime.date(2026, 6, 1)


def test_the_private_key_is_nowhere_near_the_log(folder: Path) -> None:
    key = keys.load_key(keys.key_id(read_ledger(folder).log.keeper))
    assert key is not None
    assert keys.home() in key.path.parents
    assert key.path.stat().st_mode & 0o777 == 0o600
    assert key.path.parent.stat().st_mode & 0o077 == 0
    assert all(b"PRIVATE" not in path.read_bytes() for path in folder.iterdir())


def test_the_state_at_a_past_day_is_that_of_its_evening(folder: Path) -> None:
    assert set(read_ledger(folder, datetime.date(2019, 12, 31)).records) == set()
    before = read_ledger(folder, datetime.date(2026, 5, 31))
    assert before.records["s2"].withdrawn is None
    assert before.refusal("s2", "extract") is None, "a ledger of a day is asked about that day"
    assert read_ledger(folder, datetime.date(2026, 6, 1)).records["s2"].withdrawn


def test_the_head_follows_from_everything_that_was_written(folder: Path) -> None:
    """Whoever wrote it, in whichever file: no two states of a log have one head."""
    heads = [read_ledger(folder).head]
    for turn in range(6):
        with elsewhere(folder.parent / "runner") if turn % 2 else contextlib.nullcontext():
            ask(folder, "study", f"extract {turn}", USE, on=datetime.date(2026, 6, 1))
        heads.append(read_ledger(folder).head)
    assert len(set(heads)) == 7


# --- what was changed -----------------------------------------------------------------------------------------------


def test_no_byte_of_a_log_can_be_changed(folder: Path) -> None:
    whole = (folder / "log.jsonl").read_bytes()
    accepted = []
    with elsewhere(folder.parent / "nobody"):
        for place in range(len(whole)):
            changed = bytes([whole[place] ^ 1 << place % 7])
            (folder / "log.jsonl").write_bytes(whole[:place] + changed + whole[place + 1 :])
            with contextlib.suppress(ConsentError):
                log.read_log(folder)
                accepted.append(place)
    assert accepted == []


def test_a_changed_line_is_named(folder: Path) -> None:
    whole = lines(folder)
    whole[1] = whole[1].replace(b'"extract":true', b'"extract":false')
    refused(folder, b"".join(whole), r"log\.jsonl, line 2.*changed or forged")


@pytest.mark.parametrize("number", range(5))
def test_a_missing_doubled_or_moved_line_is_noticed(folder: Path, number: int) -> None:
    whole = lines(folder)
    if number < 4:  # of the last one, only a machine that saw it knows
        refused(folder, b"".join(whole[:number] + whole[number + 1 :]), "line")
    refused(folder, b"".join(whole[: number + 1] + whole[number:]), f"line {number + 2}")
    if number < 4:
        swapped = [*whole[:number], whole[number + 1], whole[number], *whole[number + 2 :]]
        refused(folder, b"".join(swapped), f"line {number + 1}")


def test_renumbered_lines_do_not_hide_a_missing_one(folder: Path) -> None:
    rest = [json.loads(line) for line in lines(folder)]
    del rest[2]
    for number, values in enumerate(rest, 1):
        values["number"] = number
    content = b"".join(json.dumps(v, sort_keys=True, separators=(",", ":")).encode() + b"\n" for v in rest)
    refused(folder, content, "line 3.*changed or forged")


def test_signatures_belong_to_their_events(folder: Path) -> None:
    values = [json.loads(line) for line in lines(folder)]
    values[1]["signature"], values[2]["signature"] = values[2]["signature"], values[1]["signature"]
    content = b"".join(json.dumps(v, sort_keys=True, separators=(",", ":")).encode() + b"\n" for v in values)
    refused(folder, content, "line 2.*changed or forged")


@pytest.mark.parametrize("end", ["a line", "half a line", "the newline", "all"])
def test_a_cut_end_is_noticed(folder: Path, end: str) -> None:
    whole = (folder / "log.jsonl").read_bytes()
    cut = {"a line": b"".join(lines(folder)[:-1]), "half a line": whole[:-40], "the newline": whole[:-1], "all": b""}
    (folder / "log.jsonl").write_bytes(cut[end])
    with pytest.raises(ConsentError, match=r"cut off|opened"):
        read_ledger(folder)
    (folder / "log.jsonl").unlink()
    with pytest.raises(ConsentError, match="holds no consent log"):
        read_ledger(folder)


def test_a_log_that_was_replaced_by_another_is_noticed(folder: Path, tmp_path: Path) -> None:
    """A whole new chain holds in itself; a machine that saw the old one says so."""
    log.open_log(tmp_path / "other")
    shutil.copy(tmp_path / "other/log.jsonl", folder / "log.jsonl")
    with pytest.raises(ConsentError, match=r"has seen 5 lines.*cut off or replaced since.*on purpose, remove"):
        read_ledger(folder)
    witness.place(folder).unlink()
    assert read_ledger(folder).records == {}


def test_a_lost_continuation_is_noticed(folder: Path) -> None:
    with elsewhere(folder.parent / "runner"):
        withdraw(folder, "s1")
        (folder / "continued.jsonl").unlink()
        with pytest.raises(ConsentError, match=r"continued\.jsonl: this machine has seen 2 lines"):
            read_ledger(folder)


@pytest.mark.parametrize(
    "line",
    [
        b"", b"{}", b"[]", b"null", b"\xff\xfe", b'{"a":NaN}', b"1e999", b"[" * 100_000, b'"' + b"9" * 5000,
        b'{"at":"\\ud800"}', b"9" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_event_is_refused_by_its_line(folder: Path, line: bytes) -> None:
    refused(folder, b"".join([*lines(folder), line, b"\n"]), "line 6")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300), at=st.integers(0, 3000), cut=st.integers(0, 300))
@example(content=b"\n", at=0, cut=0)
def test_arbitrary_bytes_are_refused_and_crash_nothing(folder: Path, content: bytes, at: int, cut: int) -> None:
    kept = folder.parent / "kept"
    if not kept.exists():
        shutil.copy(folder / "log.jsonl", kept)
    whole = kept.read_bytes()
    changed = whole[:at] + content + whole[at + cut :]
    (folder / "log.jsonl").write_bytes(changed)
    with elsewhere(folder.parent / "nobody"):
        for name in ("log.jsonl", "continued.jsonl"):
            (folder / "log.jsonl").write_bytes(changed if name == "log.jsonl" else whole)
            if name == "continued.jsonl":
                (folder / name).write_bytes(content)
            try:
                read_ledger(folder)
            except ConsentError:
                pass
            else:
                good = whole.startswith(changed) or changed == whole if name == "log.jsonl" else content == b""
                assert good
            (folder / "continued.jsonl").unlink(missing_ok=True)
            witness.place(folder).unlink(missing_ok=True)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    field=st.sampled_from(["subject", "record", "body", "kind", "at"]),
    value=VALUES | st.sampled_from(["used", "purged", "withdrawn", "s1", "s2-2026"]),
    draft=st.sampled_from(["withdrawn", "narrowed", "used", "purged", "expired-noted"]),
)
def test_well_signed_nonsense_is_refused_and_crashes_nothing(
    folder: Path, field: str, value: object, draft: str
) -> None:
    """Anybody can sign a continuation: what it says is looked at all the same."""
    with elsewhere(folder.parent / "stranger"):
        key, read = keys.own_key(), log.read_log(folder)
        made = log._signed(
            read,
            [Draft(kind="continued", body={"anchor": read.anchor, "public": key.public}), _draft(draft, folder)],
            key,
            (),
        )
        values = json.loads(made[1].line()) | {field: value}
        with contextlib.suppress(ValueError, TypeError, KeyError, UnicodeError):
            bare = Event(**values)
            signature = key.sign(b"understudy consent event " + bare.hash.encode())
            line = Event(**(values | {"signature": signature})).line()
            (folder / "continued.jsonl").write_bytes(made[0].line() + b"\n" + line + b"\n")
        before = read_ledger(folder).records if not (folder / "continued.jsonl").exists() else {}
        try:
            after = read_ledger(folder).records
        except ConsentError:
            pass
        else:
            for subject, now in after.items():
                assert not before or now.within(before[subject])
        (folder / "continued.jsonl").unlink(missing_ok=True)
        witness.place(folder).unlink(missing_ok=True)


def _draft(kind: str, folder: Path) -> Draft:
    said = {
        "withdrawn": {},
        "narrowed": body(read_ledger(folder).records["s1"]) | {"counterparts": "same-person"},
        "used": {"study": "s", "job": "j", "uses": [{"purpose": "extract"}]},
        "purged": {"certificate": "a" * 64, "removed": 3},
        "expired-noted": {"until": "2026-01-31"},
    }
    return Draft(kind=kind, subject="s1", record="s1-2026", body=said[kind])


# --- who may write what ---------------------------------------------------------------------------------------------


def test_without_the_key_one_takes_away_and_never_allows(folder: Path) -> None:
    with elsewhere(folder.parent / "runner"):
        for terms in (record("s9"), record("s1", counterparts="anyone", until="2027-12-31")):
            with pytest.raises(ConsentError, match=r"is signed with the key '.*', and that is not on this machine"):
                grant(folder, read_terms(plain(terms), ""))
        grant(folder, read_terms(plain(record("s1", counterparts="same-person")), ""))
        ask(folder, "study", "extract x", USE, on=datetime.date(2026, 6, 1))
        withdraw(folder, "s1", "said so on the phone")
    assert len(lines(folder)) == 5, "the keeper's file stays as it is"
    read = read_ledger(folder)
    assert [event.kind for event in read.log.continued] == ["continued", "narrowed", "used", "withdrawn"]
    assert read.records["s1"].withdrawn
    assert read.records["s1"].counterparts == "same-person"
    assert read.head not in {event.hash for event in read.log.events}


@pytest.mark.parametrize("kind", ["granted", "widened", "opened", "key-changed"])
def test_a_continuation_that_allows_is_refused(folder: Path, kind: str) -> None:
    """However well it is signed."""
    with elsewhere(folder.parent / "forger"):
        read, key = log.read_log(folder), keys.own_key()
        said = {
            "granted": Draft(kind="granted", subject="s2", record="s2-b", body=plain(record("s2", id="s2-b"))),
            "widened": Draft(kind="widened", subject="s1", record="s1-2026", body=plain(record("s1", until=None))),
            "opened": Draft(kind="opened", body={"format": "understudy consent log 1", "public": key.public}),
            "key-changed": Draft(kind="key-changed", body={"public": key.public}),
        }[kind]
        first = Draft(kind="continued", body={"anchor": read.anchor, "public": key.public})
        made = log._signed(read, [first, said], key, ())
        refused(folder, b"".join(e.line() + b"\n" for e in made), "the keeper's alone", "continued.jsonl")
        (folder / "continued.jsonl").unlink()
        ours = log._signed(read, [said], key, read.base)
        refused(folder, b"".join([*lines(folder), ours[0].line(), b"\n"]), "line 6")


def test_a_continuation_of_another_log_is_refused(folder: Path, tmp_path: Path, grant_all: Grant) -> None:
    grant_all(tmp_path / "other", record("s1"))
    with elsewhere(tmp_path / "runner"):
        withdraw(tmp_path / "other", "s1")
    moved = (tmp_path / "other/continued.jsonl").read_bytes()
    refused(folder, moved, r"continued\.jsonl, line 1: it continues another log", "continued.jsonl")


def test_a_continuation_by_a_key_that_nobody_introduced_is_refused(folder: Path) -> None:
    with elsewhere(folder.parent / "a"):
        withdraw(folder, "s1")
        first = lines(folder, "continued.jsonl")[0]
    with elsewhere(folder.parent / "b"):
        read, key = log.read_log(folder), keys.own_key()
        event = sign(
            _draft("withdrawn", folder), key,
            number=2, at=read.continued[0].at, previous=read.continued[0].hash, tag=read.base[1].tag,
        )  # fmt: skip
        refused(folder, first + event.line() + b"\n", "line 2: .* no key that was introduced", "continued.jsonl")


def test_two_others_may_add_to_one_continuation(folder: Path) -> None:
    for name in ("a", "b", "a"):
        with elsewhere(folder.parent / name):
            ask(folder, f"study-{name}", "extract x", USE, on=datetime.date(2026, 6, 1))
    kinds = [event.kind for event in read_ledger(folder).log.continued]
    assert kinds == ["continued", "used", "continued", "used", "used"]


def test_a_key_is_handed_over(folder: Path) -> None:
    old = keys.load_key(keys.key_id(read_ledger(folder).log.keeper))
    assert old is not None
    new = log.change_key(folder)
    assert read_ledger(folder).log.keeper == new.public != old.public
    old.path.unlink()
    assert grant(folder, read_terms(plain(record("s3")), "")).key == new.id
    read = log.read_log(folder)
    forged = sign(_draft("used", folder), old, number=8, at=read.base[-1].at, previous=read.head, tag=read.base[1].tag)
    refused(folder, b"".join([*lines(folder), forged.line(), b"\n"]), "line 8: .*not the keeper's")


def test_only_the_keeper_hands_the_log_over(folder: Path) -> None:
    with elsewhere(folder.parent / "runner"):
        with pytest.raises(ConsentError, match="'key-changed' is signed with the key"):
            log.change_key(folder)
        assert not list((folder.parent / "runner/keys").glob("*")), "a key that came to nothing is not left behind"


# --- keys -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o602])
def test_a_key_that_others_may_read_is_refused(folder: Path, mode: int) -> None:
    key = keys.load_key(keys.key_id(read_ledger(folder).log.keeper))
    assert key is not None
    key.path.chmod(mode)
    before = (folder / "log.jsonl").read_bytes()
    with pytest.raises(ConsentError, match=f"permissions are {mode:04o}.*chmod 600"):
        withdraw(folder, "s1")
    assert (folder / "log.jsonl").read_bytes() == before
    key.path.chmod(0o600)
    withdraw(folder, "s1")


@pytest.mark.parametrize("content", ["another", "text", "rsa", "empty"])
def test_a_file_that_is_not_the_key_is_refused(folder: Path, content: str) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = keys.load_key(keys.key_id(read_ledger(folder).log.keeper))
    assert key is not None
    other = keys.make_key()
    pem = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    said = {"another": other.path.read_bytes(), "text": b"my key", "rsa": pem, "empty": b""}
    key.path.write_bytes(said[content])
    with pytest.raises(ConsentError, match=r"is not (a private key|the key)"):
        withdraw(folder, "s1")


def test_a_home_that_cannot_be_written_to_is_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with elsewhere(tmp_path / "file/home"):
        with pytest.raises(ConsentError, match=r"no key can be kept there.*UNDERSTUDY_HOME"):
            withdraw(folder, "s1")
        with pytest.raises(ConsentError, match="no key can be kept there"):
            log.open_log(tmp_path / "new")
        assert read_ledger(folder).records, "reading needs no home"


def test_an_own_key_that_was_lost_is_named(folder: Path) -> None:
    with elsewhere(folder.parent / "runner"):
        keys.own_key().path.unlink()
        with pytest.raises(ConsentError, match=r"own-key: names the key .* not here"):
            withdraw(folder, "s1")
        for content in (b"", b"../../key", b"\xff"):
            (keys.home() / "own-key").write_bytes(content)
            with pytest.raises(ConsentError, match="own-key: does not name a key"):
                withdraw(folder, "s1")


# --- while it is written --------------------------------------------------------------------------------------------


def child(code: str, folder: Path, **more: str) -> subprocess.Popen[str]:
    """Another Python that works on the log."""
    given = {**os.environ, "FOLDER": str(folder), **more}
    text = "import os\nfrom pathlib import Path\nfolder = Path(os.environ['FOLDER'])\n" + textwrap.dedent(code)
    return subprocess.Popen([sys.executable, "-c", text], env=given, stderr=subprocess.PIPE, text=True)


ASKING = """
from understudy.people import Use, ask
import datetime
for number in range(25):
    use = Use(subject="s1", purpose="extract")
    ask(folder, os.environ["NAME"], f"extract {number}", [use], on=datetime.date(2026, 6, 1))
"""


@pytest.mark.parametrize("who", ["two keepers", "keeper and runner", "two runners"])
def test_two_who_write_at_once_lose_nothing(folder: Path, who: str) -> None:
    homes = {
        "two keepers": (keys.home(), keys.home()),
        "keeper and runner": (keys.home(), folder.parent / "a"),
        "two runners": (folder.parent / "a", folder.parent / "a"),  # one new machine, whose key is made by both at once
    }
    both = [child(ASKING, folder, NAME=n, UNDERSTUDY_HOME=str(h)) for n, h in zip("xy", homes[who], strict=True)]
    for process in both:
        said = process.communicate()[1]
        assert process.returncode == 0, said
    used = [event.body for event in read_ledger(folder).log.events if event.kind == "used"]
    for name in "xy":
        assert [said["job"] for said in used if said["study"] == name] == [f"extract {n}" for n in range(25)]


def test_a_writer_that_is_killed_leaves_the_log_whole(folder: Path) -> None:
    for pause in (0.3, 0.45, 0.6, 0.8, 1.0):
        writer = child("NAME = 0\nwhile True:\n" + textwrap.indent(ASKING, "    "), folder, NAME="x")
        time.sleep(pause)
        writer.kill()
        assert "Error" not in writer.communicate()[1]
        before = read_ledger(folder)
        assert len(before.log.events) >= 5
    ask(folder, "y", "extract", USE, on=datetime.date(2026, 6, 1))
    assert read_ledger(folder).log.events[-1].body["study"] == "y"
    assert {path.name for path in folder.iterdir()} == {"log.jsonl", ".lock"}, "nor is what it had begun left behind"


def test_what_a_killed_writer_left_is_removed_by_the_next(folder: Path) -> None:
    left = folder / ".log.0123abcd.part.jsonl"
    left.write_bytes((folder / "log.jsonl").read_bytes()[:500])
    withdraw(folder, "s1")
    assert not left.exists()


def test_the_lock_empties_nothing_that_it_leads_to(folder: Path) -> None:
    (folder / ".lock").unlink()
    precious = folder.parent / "precious"
    precious.write_text("kept", encoding="utf-8")
    (folder / ".lock").symlink_to(precious)
    withdraw(folder, "s1")
    assert precious.read_text(encoding="utf-8") == "kept"


def test_a_full_disk_leaves_the_log_as_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (folder / "log.jsonl").read_bytes()
    write = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        write(path, content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DiskError, match="the disk is full"):
        withdraw(folder, "s1")
    monkeypatch.undo()
    assert (folder / "log.jsonl").read_bytes() == before
    assert not list(folder.glob(".*.part*"))
    withdraw(folder, "s1")


def test_a_folder_that_cannot_be_written_to_is_read_and_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opening = Path.open

    def closed(path: Path, *more: object, **named: object) -> object:
        if path.name == ".lock":
            raise PermissionError(errno.EACCES, "Permission denied")
        return opening(path, *more, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", closed)
    assert read_ledger(folder).records
    with pytest.raises(ConsentError, match=r"cannot be written to \(Permission denied\).*every use .* is logged"):
        ask(folder, "study", "extract", USE, on=datetime.date(2026, 6, 1))


def test_a_log_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / "log.jsonl").unlink()
    (folder / "log.jsonl").mkdir()
    with pytest.raises(ConsentError, match=r"log\.jsonl: cannot be read"):
        read_ledger(folder)


def test_a_log_is_not_begun_over_another(folder: Path) -> None:
    before = (folder / "log.jsonl").read_bytes()
    with pytest.raises(ConsentError, match="is there already"):
        log.open_log(folder)
    assert (folder / "log.jsonl").read_bytes() == before
    (folder.parent / "file").touch()
    with pytest.raises(ConsentError, match="cannot be made"):
        log.open_log(folder.parent / "file/consents")


# --- clocks ---------------------------------------------------------------------------------------------------------


def shifted(seconds: int) -> str:
    return stamp(datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds))


def test_a_clock_that_goes_back_a_little_takes_the_last_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grant(folder, read_terms(plain(record("s3")), ""))
    last = read_ledger(folder).log.base[-1].at
    monkeypatch.setattr(log, "_now", lambda: shifted(-240))
    assert withdraw(folder, "s1").at == last


def test_events_from_the_future_are_refused_and_nothing_is_added(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine whose clock went back by more than clocks differ."""
    monkeypatch.setattr(log, "_now", lambda: shifted(290))
    grant(folder, read_terms(plain(record("s3")), ""))
    monkeypatch.setattr(log, "_now", lambda: shifted(900))
    with pytest.raises(ConsentError, match=r"its last event is of .* a clock went back"):
        grant(folder, read_terms(plain(record("s4")), ""))
    with pytest.raises(ConsentError, match=r"its last event is of .* a clock went back"):
        read_ledger(folder)


def test_a_line_that_is_older_than_the_one_before_is_refused(folder: Path) -> None:
    read = log.read_log(folder)
    key = read.own
    assert key is not None
    late = sign(_draft("used", folder), key, number=6, at="2021-01-01T00:00:00Z", previous=read.head, tag="")
    assert late.previous != NOTHING
    older = sign(
        _draft("used", folder), key, number=6, at="2021-01-01T00:00:00Z", previous=read.head, tag=read.base[1].tag
    )
    refused(folder, b"".join([*lines(folder), older.line(), b"\n"]), r"line 6: is older \(2021")


# --- tags -----------------------------------------------------------------------------------------------------------


def test_a_subject_has_one_tag(folder: Path) -> None:
    """Else a withdrawal could be left out of a proof."""
    read = log.read_log(folder)
    key = read.own
    assert key is not None
    for tag in ("0" * 32, read.base[2].tag):
        made = sign(_draft("withdrawn", folder), key, number=6, at=read.base[-1].at, previous=read.head, tag=tag)
        refused(folder, b"".join([*lines(folder), made.line(), b"\n"]), "bears a tag that is not that of its subject")
        (folder / "log.jsonl").write_bytes(b"".join(event.line() + b"\n" for event in read.base))

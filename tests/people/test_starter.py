"""The starter: nobody types an id or a hash, and nothing half done is left behind."""

import hashlib
from fractions import Fraction
from pathlib import Path

import pytest
import yaml

from understudy.errors import ConfigError, ManifestError, MediaError
from understudy.people import Manifest, check_file, read_ledger, read_manifest, starter
from understudy.people.adding import slug, spread

THIRDS = "source:1/3,driver:1/3,test:1/3"


def files(folder: Path, *names: str) -> list[str]:
    """Files with bytes of their own, as a command line names them."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    return [str(folder / name) for name in names]


def add(folder: Path, *clips: str, subject: str = "s1", roles: str = "train", id: str | None = None) -> Manifest:
    path = folder / "manifest.yaml"
    starter.add(
        path, clips, subject=subject, roles=starter.shares(roles), licence="CC BY 4.0", check=lambda file: None, id=id
    )
    return read_manifest(path)


def test_added_clips_are_the_files_that_were_named(tmp_path: Path) -> None:
    clips = files(tmp_path, "clips/ein Film.mp4", "clips/Grüße aus Köln.mp4", "clips/日本.mp4")
    manifest = add(tmp_path, *clips)
    for clip in manifest.clips:
        check_file(clip)
    japanese = hashlib.sha256("clips/日本.mp4".encode()).hexdigest()[:8]
    assert [clip.id for clip in manifest.clips] == ["s1-ein-Film", "s1-Grusse-aus-Koln", f"s1-{japanese}"]
    assert [Path(clip.path).name for clip in manifest.clips] == [Path(clip).name for clip in clips]
    text = (tmp_path / "manifest.yaml").read_text(encoding="utf-8")
    assert "path: clips/Grüße aus Köln.mp4" in text
    assert "understudy manifest add" in text


def test_the_manifest_and_its_clips_can_move_together(tmp_path: Path) -> None:
    (tmp_path / "before").mkdir()
    add(tmp_path / "before", *files(tmp_path / "before", "clips/a.mp4"))
    (tmp_path / "before").rename(tmp_path / "after")
    check_file(read_manifest(tmp_path / "after/manifest.yaml").clips[0])


def test_a_manifest_behind_a_link_still_finds_its_clips(tmp_path: Path) -> None:
    (tmp_path / "deep/er/study").mkdir(parents=True)
    (tmp_path / "study").symlink_to(tmp_path / "deep/er/study")
    check_file(add(tmp_path / "study", *files(tmp_path, "deep/clips/a.mp4")).clips[0])


def test_a_far_file_is_named_in_full(tmp_path: Path) -> None:
    (tmp_path / "a/b/c/d").mkdir(parents=True)
    clip = files(tmp_path, "far.mp4")[0]
    add(tmp_path / "a/b/c/d", clip)
    assert clip in (tmp_path / "a/b/c/d/manifest.yaml").read_text(encoding="utf-8")


def test_adding_again_keeps_what_is_there(tmp_path: Path) -> None:
    first = add(tmp_path, *files(tmp_path, "b.mp4"))
    second = add(tmp_path, *files(tmp_path, "a.mp4"), subject="s2", roles="test")
    assert second.clips[:1] == first.clips
    assert (second.clips[1].subject, second.clips[1].role) == ("s2", "test")


def test_patterns_are_taken_in_the_order_of_their_paths(tmp_path: Path) -> None:
    files(tmp_path, "c 2/b.mpg", "c 2/a.mpg", "c 2/x.txt", "c 2/a [1].mpg")
    manifest = add(tmp_path, str(tmp_path / "c 2" / "*.mpg"))
    assert [Path(clip.path).name for clip in manifest.clips] == ["a [1].mpg", "a.mpg", "b.mpg"]
    other = tmp_path / "other"
    other.mkdir()
    assert len(add(other, str(tmp_path / "c 2" / "a [1].mpg")).clips) == 1


@pytest.mark.parametrize("count", [1, 2, 3, 7, 27, 30, 81])
@pytest.mark.parametrize("roles", [THIRDS, "train:2/3,test:1/3", "train:0.8,test:0.2", "train"])
def test_roles_are_spread_evenly_over_any_first_clips(count: int, roles: str) -> None:
    shares = starter.shares(roles)
    order = spread(count, shares)
    assert order == spread(count + 10, shares)[:count]
    for first in range(1, count + 1):
        for role, share in shares.items():
            assert abs(order[:first].count(role) - share * first) < 1


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("trian", "'train'"),
        ("train:1/2", "add up to 1"),
        ("train:2,test:-1", "positive"),
        ("train:1/2,train:1/2", "one a role"),
        ("train:x,test:y", "not a number"),
        ("train:1/0", "not a number"),
        ("train,test", "add up to 1"),
    ],
)
def test_shares_that_are_none(text: str, word: str) -> None:
    with pytest.raises(ManifestError, match=word):
        starter.shares(text)
    assert starter.shares(THIRDS) == dict.fromkeys(("source", "driver", "test"), Fraction(1, 3))


def test_what_cannot_be_added_leaves_the_manifest_as_it_was(tmp_path: Path) -> None:
    add(tmp_path, *files(tmp_path, "a b.mp4"))
    before = (tmp_path / "manifest.yaml").read_bytes()
    new = files(tmp_path, "new.mp4")[0]
    same = tmp_path / "copy.mp4"
    same.write_bytes((tmp_path / "a b.mp4").read_bytes())
    clash = files(tmp_path, "x/a-b.mp4")[0]
    for clips, words in (
        ([new, clash], ["'s1-a-b' stands twice", "a b.mp4", "x/a-b.mp4"]),
        ([new, str(same)], ["same bytes", "'s1-a-b'", "'s1-copy'"]),
        ([new, str(tmp_path / "none.mp4")], ["none.mp4", "no such file"]),
        ([new, str(tmp_path / "*.avi")], ["*.avi", "no such file"]),
        ([new, str(tmp_path / "x")], ["is no file"]),
    ):
        with pytest.raises(ManifestError) as caught:
            add(tmp_path, *clips)
        for word in words:
            assert word in str(caught.value)
    with pytest.raises(ManifestError, match="2 files"):
        add(tmp_path, new, clash, id="one")
    with pytest.raises(ManifestError, match="subject 's 1'"):
        add(tmp_path, new, subject="s 1")
    assert (tmp_path / "manifest.yaml").read_bytes() == before
    assert add(tmp_path, clash, id="another").clips[-1].id == "another"
    assert not [path for path in tmp_path.iterdir() if "part" in path.name]


def test_a_file_that_is_no_media_is_not_added(tmp_path: Path) -> None:
    def refuse(file: Path) -> None:
        raise MediaError(file, "is no video", "Take another.")

    with pytest.raises(MediaError, match="is no video"):
        starter.add(
            tmp_path / "manifest.yaml",
            files(tmp_path, "a.mp4"),
            subject="s1",
            roles=starter.shares("train"),
            licence="",
            check=refuse,
        )
    assert not (tmp_path / "manifest.yaml").exists()


def test_slugs_are_names() -> None:
    assert slug("Straße Nr. 7 (neu)") == "Strasse-Nr-7-neu"
    assert slug("__a__") == "a"
    assert slug("日本") == ""


def test_synthetic_clips_carry_the_hash_of_their_texts(tmp_path: Path) -> None:
    def digest(actor: str, performance: str) -> str:
        return hashlib.sha256(f"{actor} {performance}".encode()).hexdigest()

    starter.add_cast(
        tmp_path / "manifest.yaml",
        actor="ada",
        performances=("reading-1", "reading-2", "answer-1"),
        roles=starter.shares("train:2/3,test:1/3"),
        digest=digest,
    )
    add(tmp_path, *files(tmp_path, "a.mp4"))
    clips = read_manifest(tmp_path / "manifest.yaml").of("ada")
    assert [clip.id for clip in clips] == ["ada-reading-1", "ada-reading-2", "ada-answer-1"]
    assert sorted(clip.role for clip in clips) == ["test", "train", "train"]
    assert clips[0].path == "cast:ada/reading-1"
    for clip in clips:
        check_file(clip, digest=digest)


LIKE = """\
# The default study.

study: default
version: "1"
about: >
  Four actors,
  two recipes.

# Of the random numbers.
seed: 7
manifest: config/manifest.yaml
consents: config/consents

# How clips are written.
media:
  fps: 25  # frames a second
  # of x264
  crf: 12

pairs:
  - {source: ada, driver: ben}

# The floor.
methods:
  copy: {}
"""


def test_a_started_study_takes_over_settings_and_nothing_of_anybody(tmp_path: Path) -> None:
    (tmp_path / "like.yaml").write_text(LIKE, encoding="utf-8")
    folder = tmp_path / "My Study"
    written = starter.init(folder, like=tmp_path / "like.yaml")
    assert all(path.is_file() for path in written)
    text = (folder / "config.yaml").read_text(encoding="utf-8")
    made, like = yaml.safe_load(text), yaml.safe_load(LIKE)
    assert list(made) == list(like)
    assert {key: made[key] for key in ("seed", "media", "methods")} == {
        k: like[k] for k in ("seed", "media", "methods")
    }
    assert made["study"] == "my-study"
    assert made["manifest"] == f"{folder}/manifest.yaml"
    for word in ("# Of the random numbers.", "# of x264", "# frames a second", "# The floor.", "manifest add"):
        assert word in text
    for word in ("default", "ada", "Four actors", "two recipes"):
        assert word not in text
    assert read_manifest(folder / "manifest.yaml").clips == ()
    assert read_ledger(folder / "consents").records == {}
    assert "clips/" in (folder / ".gitignore").read_text(encoding="utf-8")


def test_a_study_is_not_started_over_another(tmp_path: Path) -> None:
    (tmp_path / "like.yaml").write_text(LIKE, encoding="utf-8")
    starter.init(tmp_path / "s", like=tmp_path / "like.yaml")
    before = (tmp_path / "s/manifest.yaml").read_bytes()
    with pytest.raises(ConfigError, match="is there already"):
        starter.init(tmp_path / "s", like=tmp_path / "like.yaml")
    assert (tmp_path / "s/manifest.yaml").read_bytes() == before
    with pytest.raises(ConfigError, match="no such file"):
        starter.init(tmp_path / "t", like=tmp_path / "none.yaml")
    assert not (tmp_path / "t").exists()

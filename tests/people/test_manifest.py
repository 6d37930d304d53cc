"""The manifest: what it lists is what is used, byte for byte."""

import hashlib
from pathlib import Path

import pytest
import yaml

from understudy.errors import ManifestError
from understudy.people import Clip, check_file, read_manifest

HASH = "0123456789abcdef" * 4
CLIP = {"id": "c1", "subject": "s1", "path": "a.mp4", "sha256": HASH, "role": "train", "licence": "CC BY 4.0"}


def written(folder: Path, *clips: dict[str, object]) -> Path:
    path = folder / "manifest.yaml"
    path.write_text(yaml.safe_dump({"clips": list(clips)}, allow_unicode=True), encoding="utf-8")
    return path


def other(**changes: object) -> dict[str, object]:
    return CLIP | {"id": "c2", "path": "b.mp4", "sha256": HASH[::-1]} | changes


def test_clips_are_found_by_subject_role_and_id(tmp_path: Path) -> None:
    clips = [CLIP, other(role="test"), other(id="c3", subject="s2", sha256="f" * 64)]
    manifest = read_manifest(written(tmp_path, *clips))
    assert [clip.id for clip in manifest.of("s1")] == ["c1", "c2"]
    assert [clip.id for clip in manifest.of("s1", "test", "source")] == ["c2"]
    assert manifest.subjects == ("s1", "s2")
    assert manifest.clip("c1").path == str(tmp_path / "a.mp4")
    with pytest.raises(ManifestError, match=r"no clip 'c33'.*'c3'"):
        manifest.clip("c33")


def test_a_synthetic_clip_names_its_actor_and_performance(tmp_path: Path) -> None:
    clip = read_manifest(written(tmp_path, CLIP | {"path": "cast:ada/reading-1"})).clips[0]
    assert clip.synthetic
    assert clip.performance == ("ada", "reading-1")
    check_file(clip, digest=lambda actor, performance: HASH if (actor, performance) == ("ada", "reading-1") else "")
    with pytest.raises(ManifestError, match="not the file that was recorded"):
        check_file(clip, digest=lambda actor, performance: "f" * 64)
    with pytest.raises(TypeError, match="digest"):
        check_file(clip)


@pytest.mark.parametrize(
    ("clips", "words"),
    [
        ([CLIP, other(id="c1")], ["'c1' stands twice", "'a.mp4'", "'b.mp4'"]),
        ([CLIP, other(id="C1")], ["'C1' stands twice"]),
        ([CLIP, other(sha256=HASH)], ["'a.mp4' as clip 'c1'", "'b.mp4' as clip 'c2'", "same bytes"]),
        ([CLIP, other(sha256=HASH, path="a.mp4")], ["the file 'a.mp4' is listed twice", "clip 'c1'", "clip 'c2'"]),
        ([CLIP | {"rôle": "train"}], ["clips[0].rôle", "unknown key", "'role'"]),
        ([{key: value for key, value in CLIP.items() if key != "sha256"}], ["clips[0].sha256", "missing"]),
        ([CLIP | {"sha256": "12ab"}], ["clips[0]", "'12ab'", "64 hexadecimal"]),
        ([CLIP | {"sha256": HASH.upper()}], ["clips[0]", "64 hexadecimal"]),
        ([CLIP | {"role": "trian"}], ["clips[0].role", "'trian'", "'train'"]),
        ([CLIP | {"id": "a b"}], ["clips[0]", "id 'a b'"]),
        ([CLIP | {"subject": "../s1"}], ["clips[0]", "subject '../s1'"]),
        ([CLIP | {"subject": 1}], ["clips[0].subject", "number 1", "quotes"]),
        ([CLIP | {"path": "cast:ada"}], ["cast:<actor>/<performance>"]),
        (["a.mp4"], ["clips[0]", "text 'a.mp4'"]),
    ],
)
def test_a_bad_manifest_is_named_by_file_and_key(
    tmp_path: Path, clips: list[dict[str, object]], words: list[str]
) -> None:
    path = written(tmp_path, *clips)
    with pytest.raises(ManifestError) as caught:
        read_manifest(path)
    for word in [str(path), *words]:
        assert word in str(caught.value)


def test_a_manifest_that_is_absent_or_no_list(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="no such file"):
        read_manifest(tmp_path / "manifest.yaml")
    (tmp_path / "manifest.yaml").write_text("clips: 3\n", encoding="utf-8")
    with pytest.raises(ManifestError, match="clips: is no list"):
        read_manifest(tmp_path / "manifest.yaml")
    (tmp_path / "manifest.yaml").write_text("clip: []\n", encoding="utf-8")
    with pytest.raises(ManifestError, match="clip: unknown key"):
        read_manifest(tmp_path / "manifest.yaml")


def test_a_changed_file_is_refused_with_both_hashes(tmp_path: Path) -> None:
    place = tmp_path / "ein Ordner" / "Grüße 1.mp4"
    place.parent.mkdir()
    place.write_bytes(b"footage")
    right = hashlib.sha256(b"footage").hexdigest()
    clip = read_manifest(written(tmp_path, CLIP | {"path": "ein Ordner/Grüße 1.mp4", "sha256": right})).clips[0]
    check_file(clip)
    place.write_bytes(b"Footage")
    with pytest.raises(ManifestError) as caught:
        check_file(clip)
    for word in ("'c1'", str(place), right, hashlib.sha256(b"Footage").hexdigest(), "Bring the recorded file back"):
        assert word in str(caught.value)
    place.unlink()
    with pytest.raises(ManifestError, match="is not there"):
        check_file(clip)


def test_all_missing_files_are_named_at_once(tmp_path: Path) -> None:
    manifest = read_manifest(written(tmp_path, CLIP, other(), other(id="c3", path="cast:a/b", sha256="e" * 64)))
    with pytest.raises(ManifestError, match=r"a\.mp4.*b\.mp4"):
        manifest.require_files()
    (tmp_path / "b.mp4").touch()
    manifest.require_files(manifest.of("s1")[1:])


def test_a_clip_holds_its_shape_however_it_is_made() -> None:
    with pytest.raises(ValueError, match="64 hexadecimal"):
        Clip(id="a", subject="s", path="p", sha256="x", role="train", licence="")

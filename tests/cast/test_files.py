"""Actors and performances as files: mistakes are named, and every number counts."""

from pathlib import Path

import pytest
import yaml

from understudy.cast import actors, digest, load_actor, load_performance, performances
from understudy.cast.casting import draw_identity, save
from understudy.errors import ConfigError
from understudy.settings import plain


def changed(tmp_path: Path, name: str, **change: object) -> Path:
    value = plain(load_actor(name))
    for key, new in change.items():
        value[key] = {**value[key], **new} if isinstance(new, dict) else new
    path = tmp_path / "someone.yaml"
    path.write_text(yaml.safe_dump(value))
    return path


def test_every_committed_file_loads() -> None:
    for name in actors():
        load_actor(name)
    for name in performances():
        performance = load_performance(name)
        said = performance.speech.start + performance.speech.times[-1]
        assert said <= performance.frames / performance.fps


def test_saved_identities_come_back(tmp_path: Path) -> None:
    drawn = draw_identity(7)
    save(drawn, tmp_path / "one.yaml")
    assert load_actor(tmp_path / "one.yaml") == drawn
    assert draw_identity(7) == drawn
    assert draw_identity(8) != drawn


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"iris": "bleu"}, "blue"),
        ({"hair": {"style": "lnog"}}, "long"),
        ({"features": {"nose.bsae": 0.1}}, "nose.base"),
        ({"features": {"nose.base": 7.0}}, "from -1 to 1"),
        ({"face": {"ovla": 0.4}}, "oval"),
        ({"age": "old"}, "age"),
        ({"agee": 0.2}, "age"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(tmp_path: Path, change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_actor(changed(tmp_path, "ada", **change))


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="ada"):
        load_actor("adaa")
    with pytest.raises(ConfigError, match="reading-1"):
        load_performance("reeding-1")


def test_a_curve_that_is_too_short_is_refused(tmp_path: Path) -> None:
    value = plain(load_performance("answer-1"))
    value["motion"]["yaw"] = value["motion"]["yaw"][:3]
    path = tmp_path / "short.yaml"
    path.write_text(yaml.safe_dump(value))
    with pytest.raises(ConfigError, match=r"motion\.yaw"):
        load_performance(path)


def test_the_digest_follows_the_content_and_not_the_layout(tmp_path: Path) -> None:
    same = changed(tmp_path, "ada")
    first = digest("ada", "answer-1")
    assert len(first) == 64
    assert digest(same, "answer-1") == first
    assert digest("ada", "answer-2") != first
    assert digest("bruno", "answer-1") != first
    assert digest(changed(tmp_path, "ada", age=0.501), "answer-1") != first

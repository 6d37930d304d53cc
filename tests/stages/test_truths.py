"""The exact fakes of animations and lip-syncs: rendered for consenting actors from unchanged texts, whole, and true."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from understudy import cast, media
from understudy.cast import speech
from understudy.errors import ConsentError, ManifestError
from understudy.faces.framing import Framing, Square
from understudy.files import write_json
from understudy.media.read import blocks
from understudy.settings import plain
from understudy.stages.render import render_animated, render_clip, render_dubbed, render_truth

pytestmark = pytest.mark.skipif(not speech.available(), reason="the optional extra 'speech' is not installed")
SIZE, KEPT, SAID = 64, 8, 12


@pytest.fixture(autouse=True)
def _players(monkeypatch: pytest.MonkeyPatch, made: dict[int, cast.Actor]) -> None:
    """An actor takes seconds to make: each is made once."""
    actor = cast.Actor

    def once(identity: cast.Identity) -> cast.Actor:
        return made.get(identity.seed) or made.setdefault(identity.seed, actor(identity))

    monkeypatch.setattr(cast, "Actor", once)


@pytest.fixture(scope="module")
def made() -> dict[int, cast.Actor]:
    return {}


@pytest.fixture
def given(tmp_path: Path, consenting: Callable[..., Path]) -> dict[str, Any]:
    """What both take: elsa in a short clip of her own, clara with a longer one, both consenting."""
    consents = consenting("elsa", "clara")
    for name, frames in (("answer-1", KEPT), ("answer-2", SAID)):
        short = dataclasses.replace(cast.load_performance(name), frames=frames)
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(plain(short)))
    scene, performance = (str(tmp_path / f"{name}.yaml") for name in ("answer-1", "answer-2"))
    return {
        "source": "elsa", "driver": "clara", "source_actor": "elsa", "scene": scene, "actor": "clara",
        "performance": performance, "digests": [cast.digest("elsa", scene), cast.digest("clara", performance)],
        "size": SIZE, "crf": 10, "consents": str(consents), "study": "s",
        "truth": tmp_path / "truth.mp4", "faces": tmp_path / "faces.npy",
    }  # fmt: skip


def clip(given: dict[str, Any], who: str, performance: str, tmp_path: Path) -> list[np.ndarray]:
    """The frames of an actor's own clip, as the rule `render` makes it."""
    out = tmp_path / f"{who}.mp4"
    render_clip(
        clip=out, labels=tmp_path / "labels.npz", subject=who, actor=who, performance=performance, size=SIZE, crf=10,
        digest=cast.digest(who, performance), consents=given["consents"], study="s",
    )  # fmt: skip
    return list(media.frames(out))


def apart(a_HWC: np.ndarray, b_HWC: np.ndarray) -> np.ndarray:
    return np.abs(a_HWC.astype(int) - b_HWC).max(axis=2)


def test_an_exact_lip_sync_is_the_clip_played_over_but_for_the_lower_face(
    given: dict[str, Any], tmp_path: Path
) -> None:
    render_dubbed(**given, length="speech")
    base = clip(given, "elsa", given["scene"], tmp_path)
    truth, masks = list(media.frames(given["truth"])), np.load(given["faces"])
    assert (len(truth), masks.shape, masks.dtype) == (SAID, (SAID, SIZE, SIZE), np.bool_)
    inside, outside = [], []
    for number, (frame, mask_HW) in enumerate(zip(truth, masks, strict=True)):
        off_HW = apart(frame, base[number % KEPT])
        assert 0.03 < mask_HW.mean() < 0.16
        inside.append(off_HW[mask_HW].mean())
        outside.append(off_HW[~mask_HW].mean())
    assert max(outside) < 3  # the codec, and shadows
    assert max(inside) > 6
    clip(given, "clara", given["performance"], tmp_path)
    (mine, rate), (theirs, same) = media.sound(given["truth"]), media.sound(tmp_path / "clara.mp4")
    assert rate == same
    count = min(len(mine), len(theirs))
    assert np.corrcoef(mine[:count], theirs[:count])[0, 1] > 0.99


def test_an_exact_swap_speaks_in_the_drivers_voice_and_a_re_performance_in_the_sources(
    given: dict[str, Any], tmp_path: Path
) -> None:
    own = [cast.digest(who, given["performance"]) for who in ("elsa", "clara")]
    films = {"swap": tmp_path / "c.swap.mp4", "reenacted": tmp_path / "c.mp4"}
    given = {name: value for name, value in given.items() if name not in ("truth", "scene")}
    render_truth(**given | films | {"digests": own})
    script = cast.load_performance(given["performance"])
    for film, who in ((films["swap"], "clara"), (films["reenacted"], "elsa")):
        wanted, _ = media.sound(cast.speak(script, tmp_path / f"{who}.wav", cast.load_actor(who).voice))
        other, rate = media.sound(cast.speak(script, tmp_path / "no.wav", cast.load_actor("dario").voice))
        heard = np.concatenate(list(blocks(film, rate)))
        assert np.corrcoef(heard[: len(wanted)], wanted[: len(heard)])[0, 1] > 0.98
        assert np.corrcoef(heard[: len(other)], other[: len(heard)])[0, 1] < 0.5


def test_a_lip_sync_as_long_as_the_video_ends_with_it(given: dict[str, Any]) -> None:
    render_dubbed(**given, length="video")
    assert media.probe(given["truth"]).frames == KEPT
    assert len(np.load(given["faces"])) == KEPT


def test_an_exact_animation_of_a_clip_by_itself_is_that_clip(given: dict[str, Any], tmp_path: Path) -> None:
    own = given | {
        "actor": "elsa",
        "performance": given["scene"],
        "driver": "elsa",
        "digests": given["digests"][:1] * 2,
    }
    render_animated(**own)
    for frame, same in zip(media.frames(given["truth"]), clip(given, "elsa", given["scene"], tmp_path), strict=True):
        assert apart(frame, same).mean() < 2  # x264 does not code equal small pictures equally
    assert 0.03 < np.load(given["faces"]).mean() < 0.3


def test_an_exact_animation_shows_the_sources_room_and_lasts_as_long_as_the_driver(
    given: dict[str, Any], tmp_path: Path
) -> None:
    render_animated(**given)
    truth = list(media.frames(given["truth"]))
    assert len(truth) == SAID
    base = clip(given, "elsa", given["scene"], tmp_path)
    driver = clip(given, "clara", given["performance"], tmp_path)
    room = (slice(0, 8), slice(0, 8))
    assert apart(truth[5], base[5])[room].mean() < 3 < apart(truth[5], driver[5])[room].mean()


def test_an_exact_animation_is_framed_as_the_sources_clip_was(given: dict[str, Any], tmp_path: Path) -> None:
    square, card = Square(x=12, y=6, side=40), tmp_path / "framing.json"
    write_json(card, {"square": dataclasses.asdict(square), "settings": dataclasses.asdict(Framing(size=80))})
    render_animated(**given)
    whole, faces = next(iter(media.frames(given["truth"]))), np.load(given["faces"])[0]
    render_animated(**given, framing=card)
    near, near_faces = next(iter(media.frames(given["truth"]))), np.load(given["faces"])
    assert near.shape == (80, 80, 3)
    assert near_faces.shape == (SAID, 80, 80)
    assert apart(near[::2, ::2], whole[6:46, 12:52]).mean() < 12
    assert (near_faces[0, ::2, ::2] == faces[6:46, 12:52]).mean() > 0.97


@pytest.mark.parametrize("render", [render_animated, lambda **given: render_dubbed(**given, length="speech")])
def test_texts_that_changed_and_people_who_do_not_consent_are_refused(render: Any, given: dict[str, Any]) -> None:
    with pytest.raises(ManifestError, match="changed since"):
        render(**given | {"digests": [given["digests"][0], "0" * 64]})
    with pytest.raises(ConsentError, match="anna"):
        render(**given | {"source": "anna"})
    assert not given["truth"].exists()
    assert not given["faces"].exists()

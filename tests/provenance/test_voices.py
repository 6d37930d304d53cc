"""Every fake that speaks is labelled for the ear, in all that it says of itself; one with a recorded sound is not."""

import dataclasses
import inspect as python
import itertools
import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import c2pa
import numpy as np
import pytest

from understudy import files, media, provenance, watermark
from understudy.cast import speech
from understudy.errors import ConfigError, MediaError
from understudy.provenance import cards, containers, notice

NOTICE = "A notice that the voice is synthetic was laid over the first moments of the sound."
FACE, VOICE = "The face was replaced by the source's.", "The voice was replaced by the source's."
FILM = SimpleNamespace(fps=Fraction(10), width=64, height=64)


@pytest.fixture
def voice(lineage) -> provenance.Lineage:
    """The lineage of a converted voice alone."""
    iri = lineage.digital_source_type.replace("compositeWithT", "t")
    return dataclasses.replace(lineage, method="world", family="voice", digital_source_type=iri)


@pytest.fixture
def both(lineage) -> provenance.Lineage:
    """The lineage of a swapped face that speaks with a converted voice."""
    return dataclasses.replace(lineage, voice="world")


@pytest.fixture(scope="module")
def said(tmp_path_factory) -> Path:
    """Four seconds of noise that comes and goes like speech."""
    time_N = np.arange(4 * 16_000) / 16_000
    sound_N = 0.15 * np.random.default_rng(1).standard_normal(len(time_N)) * (0.2 + np.cos(8 * time_N) ** 2)
    path = tmp_path_factory.mktemp("sound") / "said.wav"
    containers.write_wav(path, sound_N[:, None].astype(np.float32), 16_000)
    return path


def frames(count: int = 20) -> Iterator[np.ndarray]:
    random = np.random.default_rng(0)
    return (random.integers(0, 256, (64, 64, 3), dtype=np.uint8) for _ in range(count))


def published(path: Path, lineage: provenance.Lineage, sound: Path | None, **more: object) -> provenance.Card:
    given = {"probe": FILM, "faces": None, "preset": "ultrafast"} | more
    return provenance.publish(path, frames(), sound=sound, lineage=lineage, **given)


def has_chime(path: Path) -> bool:
    return notice.found(*media.sound(path))


def test_no_argument_leaves_it_out(tmp_path, voice, both, said):
    """All that publish takes, besides what the fake is: every combination, for both kinds of fakes that speak."""
    given = {"crf": [51.0], "preset": ["ultrafast"], "key": [bytes(32)], "notice": [None], "credentials": [None]}
    given |= {"faces": [None, np.array([[0.0, 0, 64, 64]])]}
    taken = set(python.signature(provenance.publish).parameters) - {"path", "frames", "probe", "sound", "lineage"}
    assert set(given) == taken
    for number, values in enumerate(itertools.product(*given.values())):
        for lineage in (voice, both):
            options = dict(zip(given, values, strict=True))
            card = published(tmp_path / f"{number}.mp4", lineage, said, **options)
            assert has_chime(card.path), options
    taken = set(python.signature(provenance.publish_sound).parameters) - {"path", "samples_NC", "rate", "lineage"}
    assert taken == {"key", "credentials", "notice"}


@pytest.mark.parametrize("off", ["", " ", "\t\n"])
def test_an_empty_text_does_not_turn_it_off(tmp_path, both, voice, said, off):
    """Nor does it come to a fake without: there is none, and no frame was asked for."""
    asked = []

    def watched() -> Iterator[np.ndarray]:
        asked.append(1)
        yield from frames()

    with pytest.raises(ConfigError, match="the notice's text: is empty"):
        provenance.publish(tmp_path / "a.mp4", watched(), probe=FILM, sound=said, lineage=both, faces=None, notice=off)
    with pytest.raises(ConfigError, match="the notice's text: is empty"):
        provenance.publish_sound(tmp_path / "a.wav", *stereo(said), lineage=voice, notice=off)
    assert not asked
    assert list(tmp_path.iterdir()) == []


def stereo(path: Path) -> tuple[np.ndarray, int]:
    samples_N, rate = media.sound(path)
    return np.stack([samples_N, samples_N[::-1]], 1), rate


def test_a_recorded_sound_has_none(tmp_path, lineage, said):
    """A swap, an animation and a lip-sync say what was said, by whom it was said; a text for voices changes nothing."""
    for family in ("swap", "animate", "lipsync"):
        card = published(tmp_path / f"{family}.mp4", dataclasses.replace(lineage, family=family), said)
        assert not has_chime(card.path)
        assert "notice" not in json.loads(provenance.sidecar(card.path).read_text())
    plain = published(tmp_path / "a.mp4", lineage, said)
    assert published(tmp_path / "a.mp4", lineage, said, notice="This voice is synthetic.").content == plain.content
    assert NOTICE not in provenance.read(plain.path).deeds


def test_length_and_sync_stay(tmp_path, lineage, both, said):
    """After the notice, the film's sound is as long and in the same place as without, to the sample."""
    bare_N, rate = media.sound(published(tmp_path / "bare.mp4", lineage, said).path)
    told_N, told_rate = media.sound(published(tmp_path / "told.mp4", both, said).path)
    assert (len(told_N), told_rate) == (len(bare_N), rate)
    begin = round((notice.seconds() + 0.05) * rate)
    fits = {shift: np.vdot(bare_N[begin:-100], np.roll(told_N, shift)[begin:-100]) for shift in range(-40, 41)}
    assert max(fits, key=fits.get) == 0
    assert np.corrcoef(bare_N[begin:], told_N[begin:])[0, 1] > 0.99
    made = provenance.publish_sound(tmp_path / "a.wav", *stereo(said), lineage=dataclasses.replace(both, voice="w"))
    assert (made.shape.samples, made.shape.channels, made.shape.rate) == (4 * 16_000, 2, 16_000)
    assert len(media.sound(made.path)[0]) == 4 * 16_000


def test_the_watermark_is_in_a_sound_with_a_notice(tmp_path, voice, said):
    samples_NC, rate = stereo(said)
    card = provenance.publish_sound(tmp_path / "a.wav", np.tile(samples_NC, (2, 1)), rate, lineage=voice)
    told_N, rate = media.sound(card.path)
    assert notice.found(told_N, rate)
    assert watermark.detect_sound(told_N[:, None], rate, watermark.PUBLIC).payload == card.payload


def test_a_voice_without_a_sound_is_refused(tmp_path, both, voice, lineage, said):
    silent = published(tmp_path / "silent.mp4", lineage, None).path
    for sound in (None, silent):
        with pytest.raises(MediaError, match="its voice is synthetic, and it has no sound"):
            published(tmp_path / "fake.mp4", both, sound)
    with pytest.raises(ConfigError, match="a picture has no voice"):
        provenance.publish_picture(tmp_path / "a.png", next(frames()), lineage=voice, faces=None)
    assert not list(tmp_path.glob("*fake*"))


def test_a_sound_too_slow_for_the_chime_is_raised_in_films_and_refused_alone(tmp_path, both, voice, said):
    samples_NC, _ = stereo(said)
    slow_NC = samples_NC[::8]
    containers.write_wav(tmp_path / "slow.wav", slow_NC[:, :1], 2000)
    assert has_chime(published(tmp_path / "fake.mp4", both, tmp_path / "slow.wav").path)
    with pytest.raises(MediaError, match="cannot carry the audible notice"):
        provenance.publish_sound(tmp_path / "a.wav", slow_NC, 2000, lineage=voice)
    assert not (tmp_path / "a.wav").exists()


@pytest.mark.skipif(not speech.available(), reason="the optional extra 'speech' is not installed")
def test_the_text_is_said_and_recorded(tmp_path, both, said):
    text = "Synthetic."
    told = published(tmp_path / "told.mp4", both, said, notice=text)
    bare = published(tmp_path / "bare.mp4", both, said)
    held = {
        name: json.loads(provenance.sidecar(each.path).read_text())["notice"]
        for name, each in (("t", told), ("b", bare))
    }
    assert held["t"] == {"text": text, "seconds": pytest.approx(notice.seconds(text))}
    assert held["b"] == {"text": None, "seconds": pytest.approx(notice.seconds())}
    told_N, bare_N = (media.sound(each.path)[0] for each in (told, bare))
    where = slice(round(0.6 * 48_000), round((notice.seconds(text) - 0.2) * 48_000))
    assert np.corrcoef(told_N[where], bare_N[where])[0, 1] < 0.7
    after = slice(round((notice.seconds(text) + 0.05) * 48_000), None)
    assert np.corrcoef(told_N[after], bare_N[after])[0, 1] > 0.99


def test_the_notice_of_a_short_film_ends_with_it(tmp_path, both, said):
    made = provenance.publish(
        tmp_path / "a.mp4", frames(4), probe=FILM, sound=said, lineage=both, faces=None, preset="ultrafast"
    )
    assert made.shape.notice == notice.Notice(text=None, seconds=0.4)
    assert has_chime(made.path)


def test_the_lineage_goes_through_tags_credential_and_sidecar(tmp_path, both, voice, said):
    for lineage in (both, voice):
        card = published(tmp_path / f"{lineage.family}.mp4", lineage, said)
        tags = containers.tags(card.path)
        comment = json.loads(tags["comment"])
        names = {field.name for field in dataclasses.fields(provenance.Lineage)}
        for held in (comment, provenance.card(card.path)["lineage"]):
            kept = {name: value for name, value in held.items() if name in names}
            assert provenance.Lineage(**kept | {"consents": tuple(kept["consents"])}) == lineage
        signed = provenance.read(card.path).study
        assert (signed["family"], signed.get("voice")) == (lineage.family, lineage.voice)
        assert "The voice is synthetic" in tags["description"]
    assert containers.tags(tmp_path / "swap.mp4")["title"] == "SYNTHETIC: original + world"


def test_who_speaks(lineage, both, voice):
    assert (lineage.speaks, both.speaks, voice.speaks) == (False, True, True)
    assert "voice" not in lineage.plain()
    for family, name in (("voice", "world"), ("swap", "")):
        with pytest.raises(ConfigError, match=f"the voice '{name}' in the family '{family}'"):
            dataclasses.replace(lineage, family=family, voice=name)


DEEDS = {
    ("swap", None): (("c2pa.opened", "c2pa.edited"), (FACE,)),
    ("swap", "world"): (("c2pa.opened", "c2pa.edited", "c2pa.edited", "c2pa.edited"), (FACE, VOICE, NOTICE)),
    ("animate", "world"): (("c2pa.created", "c2pa.edited", "c2pa.edited"), (VOICE, NOTICE)),
    ("lipsync", "world"): (
        ("c2pa.opened", "c2pa.edited", "c2pa.edited", "c2pa.edited"),
        ("The mouth was made to follow other speech.", VOICE, NOTICE),
    ),
    ("voice", None): (("c2pa.opened", "c2pa.edited", "c2pa.edited"), (VOICE, NOTICE)),
}


@pytest.mark.parametrize(("family", "method"), DEEDS)
def test_the_credential_says_all_deeds_and_holds(tmp_path, lineage, said, family, method):
    fake = published(tmp_path / "a.mp4", dataclasses.replace(lineage, family=family, voice=method), said).path
    found = provenance.read(fake)
    actions, deeds = DEEDS[family, method]
    assert (found.state, found.failures) == ("Valid", ())
    assert found.actions == (*actions, "c2pa.watermarked.unbound", "c2pa.addedText")
    assert found.deeds[:-1] == deeds
    parent = (("börje/answer-1", f"sha256:{lineage.inputs['driver clip']}"),)
    assert found.ingredients == (() if family == "animate" else parent)
    with fake.open("rb") as file, c2pa.Reader(None, file) as reader:
        assert reader.get_validation_state() == "Valid"
        said_by = [each.get("softwareAgent", {}).get("name") for each in actions_of(json.loads(reader.json()))]
    assert ("Understudy, method world" in said_by) == (method == "world")
    assert "Understudy, method original" in said_by


def actions_of(found: dict) -> list[dict]:
    assertions = found["manifests"][found["active_manifest"]]["assertions"]
    return next(each["data"]["actions"] for each in assertions if each["label"] == "c2pa.actions.v2")


def test_what_was_published_before_there_were_voices_is_still_read(tmp_path, lineage, said):
    """Its card and tags have neither voice nor notice, and are what is written today of a fake that does not speak."""
    card = published(tmp_path / "a.mp4", lineage, said)
    held = provenance.card(card.path)
    assert not {"voice", "notice"} & (set(held) | set(held["lineage"]) | set(json.loads(cards.comment(lineage))))
    sight = provenance.inspect(card.path, place=tmp_path)
    assert sight.notice is None
    assert "chime" not in provenance.verdict(sight)


def test_it_is_told_that_the_chime_is_heard_or_is_gone(tmp_path, both, said):
    fake = published(tmp_path / "fake.mp4", both, said).path
    sight = provenance.inspect(fake, place=tmp_path)
    assert sight.notice.start == pytest.approx(0, abs=0.01)
    told = provenance.verdict(sight)
    assert "with the method original, its voice with world: so says its credential." in told
    assert "The chime of a synthetic voice is heard in it, at 0.0 s." in told
    lines = list(provenance.facts(sight))
    assert any(line.startswith("chime of a synthetic voice: at 0.0") for line in lines)
    assert f"  of that: {VOICE}" in lines
    assert provenance.plain(sight)["notice"]["fit"] > 0.9
    assert "cannot be heard any more" in provenance.verdict(dataclasses.replace(sight, notice=None))


def test_the_chime_alone_tells_a_fake(tmp_path, said):
    samples_N, rate = media.sound(said)
    containers.write_wav(tmp_path / "bare.wav", samples_N[:, None], rate)
    assert not provenance.inspect(tmp_path / "bare.wav", place=tmp_path).recognised
    containers.write_wav(tmp_path / "told.wav", notice.laid(samples_N[:, None], rate), rate)
    sight = provenance.inspect(tmp_path / "told.wav", place=tmp_path)
    assert sight.recognised
    due = "This calls itself a fake: it begins as synthetic voices of Understudy do. Nothing says where it comes from."
    assert due in provenance.verdict(sight)


def test_a_sidecar_that_denies_the_voice_is_noticed(tmp_path, both, said):
    card = published(tmp_path / "a.mp4", both, said)
    held = json.loads(provenance.sidecar(card.path).read_text())
    files.write_json(provenance.sidecar(card.path), held | {"lineage": held["lineage"] | {"voice": "sovits"}})
    with pytest.raises(MediaError, match="another lineage"):
        provenance.card(card.path)

"""A clip or a still says other speech: frame by frame, as long as asked for, and nothing else of it changes."""

import resource
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from understudy import media, speech
from understudy.errors import CheckpointError, ConfigError, FaceError, MediaError
from understudy.methods import Footage, wav2lip
from understudy.methods.wav2lip import compositing
from understudy.methods.wav2lip.filming import Film
from understudy.methods.wav2lip.hearing import Hearing, starts
from understudy.methods.wav2lip.inference import Drawing, beside, folded
from understudy.methods.wav2lip.network import Architecture, Judge, Wav2Lip

from .wav2lip_footage import HEIGHT, WIDTH, person, talk, wav
from .wav2lip_weights import fill

CPU = torch.device("cpu")
CONFIG = replace(wav2lip.PRESETS["wav2lip-tiny"](), width=0.125, hears="anew", precision="fp32", batch=7)


@pytest.fixture(scope="module")
def model() -> Wav2Lip:
    return fill(Wav2Lip(Architecture(width=0.125, judge=False)))


@pytest.fixture(scope="module")
def ada(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    return person(tmp_path_factory.mktemp("ada"), 1, seconds=1.0, speaking=False)


@pytest.fixture(scope="module")
def bruno(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    return person(tmp_path_factory.mktemp("bruno"), 2, seconds=1.6)


def made(model: Wav2Lip, source: Footage, driver: Footage, config: wav2lip.Config = CONFIG) -> np.ndarray:
    batches = list(wav2lip.convert(model, source, driver, config))
    assert all(batch.dtype == torch.uint8 and len(batch) <= config.batch for batch in batches)
    return torch.cat(batches).numpy()


def says(folder: Path, samples: np.ndarray, **kinds: int) -> Footage:
    """A driver who is a sound alone."""
    return Footage("voice", (), (), speech=wav(folder / "said.wav", samples, **kinds))


def test_a_shorter_clip_begins_again_and_only_the_lower_face_changes(model, ada, bruno):
    fake = made(model, ada, bruno)
    assert fake.shape == (40, HEIGHT, WIDTH, 4)
    frames = list(media.frames(ada.clips[0]))
    for number, frame in enumerate(fake):
        kept = frame[..., 3] == 0
        np.testing.assert_array_equal(frame[kept][:, :3], frames[number % 25][kept])
        assert set(np.unique(frame[..., 3])) == {0, 255}
    rows = np.flatnonzero((fake[..., 3] > 0).any(axis=(0, 2)))
    eyes = ada.facesets[0].track_T682[:, 36:48, 1].max()
    assert eyes < rows[0]
    assert rows[-1] >= ada.facesets[0].track_T682[:, 8, 1].min() - 2  # the chin


def test_a_fake_is_as_long_as_the_clip_where_that_is_asked_for(model, ada, bruno):
    assert len(made(model, ada, bruno, replace(CONFIG, length="video"))) == 25
    longer = made(model, bruno, ada, replace(CONFIG, length="video"))
    assert len(longer) == 40
    assert (longer[..., 3] > 0).any(axis=(1, 2)).all()  # where the speech has ended the lips are drawn closed
    assert len(made(model, bruno, ada)) == 25


def test_batches_change_nothing(model, ada, bruno):
    one, all_ = (made(model, ada, bruno, replace(CONFIG, batch=count)).astype(int) for count in (1, 64))
    assert np.abs(one - all_).max() <= 1


def test_other_speech_moves_the_lips_and_shuffled_speech_is_other_speech(model, ada, bruno):
    own, shuffled = made(model, ada, bruno), made(model, ada, bruno, replace(CONFIG, speech="shuffled"))
    again = made(model, ada, bruno, replace(CONFIG, speech="shuffled"))
    np.testing.assert_array_equal(shuffled, again)
    assert len(shuffled) == len(own)
    np.testing.assert_array_equal(own[..., 3], shuffled[..., 3])
    apart = (own[..., :3] != shuffled[..., :3]).any(axis=(1, 2, 3))
    assert apart.mean() > 0.8


def test_a_hard_paste_replaces_the_whole_box_and_is_what_the_network_drew(model, ada, bruno):
    config = replace(CONFIG, blend="hard", smoothing="ahead", lead=0.0)
    fake, film = made(model, ada, bruno, config), Film(ada, config)
    for number in (0, 13, 30):
        x0, y0, x1, y1 = film.boxes_T4[number % 25]
        assert (fake[number, y0:y1, x0:x1, 3] == 255).all()
        assert (fake[number, ..., 3] > 0).sum() == (x1 - x0) * (y1 - y0)


# --- stills


def test_one_frame_of_a_clip_is_a_still_and_is_seen_once(model, ada, bruno, monkeypatch):
    config = replace(CONFIG, still=4, length="video")
    looked = []
    see = Wav2Lip.see
    monkeypatch.setattr(Wav2Lip, "see", lambda self, faces: looked.append(len(faces)) or see(self, faces))
    fake = made(model, ada, bruno, config)
    assert looked == [1]
    assert len(fake) == 40  # a still has no length of its own
    frame = list(media.frames(ada.clips[0]))[4]
    kept = (fake[..., 3] == 0).all(axis=0)
    for each in fake:
        np.testing.assert_array_equal(each[kept][:, :3], frame[kept])


def test_a_still_seen_once_is_drawn_as_a_still_seen_each_time(model):
    faces = torch.randint(0, 256, (1, 96, 96, 3), dtype=torch.uint8).expand(5, -1, -1, -1)
    mels = torch.rand(5, 80, 16)
    once, always = Drawing(model, "fp32", still=True), Drawing(model, "fp32", still=False)
    torch.testing.assert_close(once(faces, mels), always(faces, mels), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(once(faces, mels), always(faces, mels), atol=1e-5, rtol=1e-5)


def test_a_still_without_a_face_or_outside_the_clip_is_refused(model, ada, bruno):
    with pytest.raises(ConfigError, match=r"names frame 25, and 1\.mp4 has 25"):
        made(model, ada, bruno, replace(CONFIG, still=25))
    points = np.array(ada.facesets[0].track_T682)
    points[:] = np.nan
    points[2] = ada.facesets[0].track_T682[2]
    gone = replace(ada, facesets=(replace(ada.facesets[0], track_T682=points),))
    # One frame of a second is bridged; so the rest of a longer clip is what has no face.
    long = replace(gone, facesets=(replace(gone.facesets[0], card=gone.facesets[0].card | {"fps": 10.0}),))
    with pytest.raises(FaceError, match="no face was found in frame 24"):
        made(model, long, bruno, replace(CONFIG, still=24))


# --- the network made ready


def test_folding_changes_no_number_but_for_rounding_and_leaves_the_network_as_it_was():
    network = fill(Wav2Lip(Architecture(width=0.25, judge=True)))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    mels, faces = torch.rand(2, 1, 80, 16), torch.rand(2, 6, 96, 96)
    with torch.inference_mode():
        torch.testing.assert_close(folded(network)(mels, faces), network(mels, faces), atol=2e-5, rtol=1e-4)
    assert isinstance(network.judge, Judge)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize("first", [1, 20, 34, 48, 90])
def test_what_is_drawn_from_a_row_on_is_what_is_drawn_whole(model, first):
    faces, mels = torch.rand(2, 6, 96, 96), torch.rand(2, 1, 80, 16)
    with torch.inference_mode():
        heard, seen = model.hear(mels), model.see(faces)
        below = model.decode(heard, seen, first)
        assert below.shape == (2, 3, 96 - first, 96)
        torch.testing.assert_close(below, model.decode(heard, seen)[:, :, first:], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("height", [20, 60, 96, 97, 150, 400])
def test_rows_that_are_not_drawn_are_not_looked_at(height):
    frame, box = np.full((500, 500, 3), 90, np.uint8), np.array([10, 20, 10 + height, 20 + height])
    face = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    black, outs = face.copy(), [frame.copy(), frame.copy()]
    black[: compositing.FIRST] = 0
    for out, each in zip(outs, (face, black), strict=True):
        compositing.put(out, each, box, "lower")
    np.testing.assert_array_equal(*outs)


def test_half_precision_draws_the_same_to_a_few_grey_levels(model):
    generator = torch.Generator().manual_seed(0)
    faces = torch.randint(0, 256, (4, 96, 96, 3), generator=generator, dtype=torch.uint8)
    mels = torch.rand(4, 80, 16, generator=generator)
    full, half = (Drawing(model, precision, still=False)(faces, mels) for precision in ("fp32", "bf16"))
    assert (full - half).abs().mean() < 4 / 255


def test_what_the_network_is_shown_is_hidden_below_beside_the_whole():
    faces = torch.rand(2, 3, 96, 96) + 0.1
    seen = beside(faces, faces.flip(0))
    assert (seen[:, :3, 48:] == 0).all()
    torch.testing.assert_close(seen[:, :3, :48], faces[:, :, :48])
    torch.testing.assert_close(seen[:, 3:], faces.flip(0))


# --- speech


def test_windows_are_the_authors_where_nothing_leads_and_a_frame_earlier_where_one_does():
    for fps in (25.0, 30.0, 24.0, 29.97, 10.0, 60.0):
        count = len(speech.starts(400, fps)) - 1  # the authors' last window is moved into the speech
        np.testing.assert_array_equal(starts(np.arange(count), fps, 0.0), speech.starts(400, fps)[:count])
    late, early = (starts(np.arange(1, 50), 25.0, lead) for lead in (0.0, 0.04))
    np.testing.assert_array_equal(early[1:], late[:-1])


def test_before_and_after_the_speech_it_is_quiet(bruno):
    hearing = Hearing(bruno, Fraction(25), 0.04, "own")
    assert hearing.frames == 40
    windows = hearing.windows(0, 60)
    assert windows.shape == (60, 80, 16)
    np.testing.assert_array_equal(windows[10], hearing.mel_80T[:, 28:44])
    for window, columns in ((windows[0], slice(0, 4)), (windows[59], slice(None))):
        assert (window[:, columns] == hearing.quiet_80[:, None]).all()


@pytest.mark.parametrize("fps", [10.0, 24.0, 29.97, 50.0, 60.0])
def test_clips_of_any_rate_say_it_in_their_own_time(model, bruno, tmp_path, fps):
    fake = made(model, person(tmp_path, 3, seconds=0.6, fps=fps), bruno)
    assert len(fake) == round(1.6 * fps)
    assert (fake[..., 3] > 0).any(axis=(1, 2)).all()


@pytest.mark.parametrize("fps", [5.0, 90.0])
def test_a_rate_at_which_lips_cannot_be_read_is_refused(model, bruno, tmp_path, fps):
    with pytest.raises(MediaError, match="frames a second"):
        made(model, person(tmp_path, 3, seconds=1.0, fps=fps), bruno)


def test_eight_kilohertz_stereo_is_speech(model, ada, tmp_path):
    assert len(made(model, ada, says(tmp_path, talk(1.0)[::2], rate=8000, channels=2))) == 25


def test_speech_of_a_tenth_of_a_second_silence_and_none_are_refused(model, ada, tmp_path):
    with pytest.raises(MediaError, match=r"its sound is 0\.10 s long"):
        made(model, ada, says(tmp_path, talk(0.1)))
    with pytest.raises(MediaError, match="silence"):
        made(model, ada, says(tmp_path, np.zeros(32_000)))
    with pytest.raises(MediaError, match="no speech to be said"):
        made(model, ada, Footage("nobody", (), ()))


def test_a_quarter_of_a_second_is_speech(model, ada, tmp_path):
    assert len(made(model, ada, says(tmp_path, talk(0.25)))) == 7


# --- what else may be wrong


def test_a_face_that_is_seen_now_and_then_is_drawn_in_between(model, ada, bruno):
    points = np.array(ada.facesets[0].track_T682)
    points[[0, 1, 9, 10, 11]] = np.nan
    gaps = replace(ada, facesets=(replace(ada.facesets[0], track_T682=points),))
    fake, whole = made(model, gaps, bruno), made(model, ada, bruno)
    assert (fake[..., 3] > 0).any(axis=(1, 2)).all()
    assert np.abs(fake[..., :3].astype(int) - whole[..., :3]).mean() < 2


def test_a_face_that_is_nowhere_and_a_source_without_a_clip_are_refused(model, ada, bruno):
    blind = replace(ada.facesets[0], track_T682=np.full_like(ada.facesets[0].track_T682, np.nan))
    with pytest.raises(FaceError, match="no face was found"):
        made(model, replace(ada, facesets=(blind,)), bruno)
    with pytest.raises(MediaError, match="no clip with a face track"):
        made(model, Footage("nobody", (), ()), bruno)


def test_another_network_is_refused(model, ada, bruno):
    with pytest.raises(CheckpointError, match="settings ask for"):
        made(model, ada, bruno, replace(CONFIG, width=0.5))
    with pytest.raises(CheckpointError, match="Identity"):
        next(wav2lip.convert(torch.nn.Identity(), ada, bruno, CONFIG))


def test_memory_does_not_grow_with_length(model, ada, tmp_path):
    driver = says(tmp_path, np.tile(talk(1.0), 10))
    config = replace(CONFIG, batch=16)
    fake = wav2lip.convert(model, ada, driver, config)
    for _ in range(4):
        next(fake)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert sum(len(batch) for batch in fake) == 250 - 4 * 16
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < 8  # MiB; the frames that came since are 15

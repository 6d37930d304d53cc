"""The shared-encoder swap: its published size and cost, its warps and losses against independent ones, and a swap."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity
from torch.utils.flop_counter import FlopCounterMode

from understudy import files, settings
from understudy.errors import CheckpointError, ConfigError, DiskError, FaceError
from understudy.faces import align, masks
from understudy.learning import Draws, Run, load_weights
from understudy.methods import Footage, original
from understudy.methods._faces import pool, samples, space, warps
from understudy.methods.original import losses
from understudy.methods.original.network import Architecture, Original

CPU = torch.device("cpu")
PRESENT = original.recipe_present()
QUIET = replace(
    PRESENT.augmentation, rotation=0.0, zoom=0.0, shift=0.0, flip=0.0, warp=0.0, lightness=0.0, tint=0.0, clahe=0.0
)


def count(module: torch.nn.Module) -> float:
    return sum(parameter.numel() for parameter in module.parameters()) / 1e6


def test_the_published_network_has_its_size_and_cost():
    with torch.device("meta"):
        network = Original(Architecture(width=1.0, size=64, mask=False))
        crops = torch.empty(1, 3, 64, 64)
        assert count(network) == pytest.approx(82.06, abs=0.005)
        assert count(network.encoder) == pytest.approx(69.66, abs=0.005)
        assert [count(decoder) for decoder in network.decoders] == [pytest.approx(6.20, abs=0.005)] * 2
        with FlopCounterMode(display=False) as swapped:
            assert network(crops, 1).shape == (1, 3, 64, 64)
        assert swapped.get_total_flops() / 1e9 == pytest.approx(3.80, abs=0.005)
        with FlopCounterMode(display=False) as both:
            (network(crops, 0).sum() + network(crops, 1).sum()).backward()
        assert both.get_total_flops() / 1e9 == pytest.approx(22.8, abs=0.05)


def test_weights_begin_as_he_et_al_have_them():
    network = Original(Architecture(width=0.25, size=32, mask=True))
    weight = network.encoder.convolutions[2].weight
    bound = (6 / (weight[0].numel())) ** 0.5
    assert weight.abs().max() <= bound
    assert weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.02)
    assert network(torch.zeros(2, 3, 32, 32), 0).shape == (2, 4, 32, 32)


# --- losses


def test_ssim_is_that_of_another_implementation():
    generator = np.random.default_rng(0)
    one = cv2.GaussianBlur(generator.random((40, 48, 3)).astype(np.float32), (0, 0), 1)
    two = np.clip(one + generator.normal(0, 0.05, one.shape).astype(np.float32), 0, 1)
    keys = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1.0}
    _, theirs = structural_similarity(one, two, channel_axis=2, full=True, **keys)
    ours = losses.ssim(*(torch.from_numpy(each).permute(2, 0, 1)[None] for each in (one, two)))[0].permute(1, 2, 0)
    np.testing.assert_allclose(ours.numpy()[5:-5, 5:-5], theirs[5:-5, 5:-5], atol=1e-4)


def test_losses_are_their_definitions_and_weights_choose_pixels():
    drawn, true = torch.rand(2, 4, 16, 16), torch.rand(2, 3, 16, 16)
    inside = (torch.rand(2, 1, 16, 16) > 0.5).float()
    mix = losses.Loss(mae=2.0, mse=3.0, ssim=0.0, mask=0.5, outside=0.0, eyes=1.0, mouth=1.0)
    found = losses.loss(drawn, true, inside, inside, mix)
    error = (drawn[:, :3] - true)[inside.expand(-1, 3, -1, -1) > 0]
    torch.testing.assert_close(found["mae"], error.abs().mean())
    torch.testing.assert_close(found["mse"], error.square().mean())
    torch.testing.assert_close(found["mask"], (drawn[:, 3:] - inside).abs().mean())
    torch.testing.assert_close(found["total"], 2 * found["mae"] + 3 * found["mse"] + 0.5 * found["mask"])
    same = losses.loss(true, true, None, inside, replace(mix, ssim=1.0))
    assert same["total"].item() == pytest.approx(0, abs=1e-6)


# --- footage that a test can know everything about


def landmarks(generator: np.random.Generator, count: int, stretch: float) -> np.ndarray:
    """A face of 68 landmarks in frames of 160 x 160, its lower part `stretch` times as long, in various places."""
    angle = np.linspace(0, np.pi, 17)
    jaw = np.column_stack([0.5 - 0.75 * np.cos(angle), 0.3 + 0.95 * np.sin(angle)])
    shape = np.concatenate([jaw, align.MEAN_51])
    shape[:, 1] = np.where(shape[:, 1] > 0.3, 0.3 + (shape[:, 1] - 0.3) * stretch, shape[:, 1])
    moved = []
    for _ in range(count):
        turn, scale = generator.uniform(-0.15, 0.15), generator.uniform(50, 60)
        rotation = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        moved.append((shape - 0.5) @ rotation.T + generator.uniform(74, 86, 2))
    return np.array(moved)


def draw(points: np.ndarray, skin: tuple[int, int, int], eyes: tuple[int, int, int]) -> np.ndarray:
    """A picture of a face: skin in the hull, dark brows, coloured eyes, a red mouth."""
    frame = np.full((160, 160, 3), 90, np.uint8)
    parts = [(slice(0, 27), skin), (slice(36, 42), eyes), (slice(42, 48), eyes), (slice(48, 60), (170, 40, 50))]
    for part, colour in parts:
        ring = cv2.convexHull(np.rint(points[part] * 16).astype(np.int32))
        cv2.fillConvexPoly(frame, ring, colour, lineType=cv2.LINE_AA, shift=4)
    return frame


def footage(subject: str, seed: int, *, stretch: float = 1.0, skin=(200, 150, 120), eyes=(20, 60, 200)) -> Footage:
    generator = np.random.default_rng(seed)
    facesets = []
    for count in (12, 8):
        points = landmarks(generator, count, stretch)
        matrices = np.stack([align.align(each, 128, "full") for each in points])
        crops = [align.crop(draw(p, skin, eyes), m, 128) for p, m in zip(points, matrices, strict=True)]
        facesets.append(
            SimpleNamespace(
                crops_NHWC=np.stack(crops),
                landmarks_N682=points,
                matrices_N23=matrices,
                size=128,
                coverage="full",
                height=160,
            )
        )
    return Footage(subject, tuple(facesets), ())


@pytest.fixture(scope="module")
def ada() -> Footage:
    return footage("ada", 1)


@pytest.fixture(scope="module")
def bruno() -> Footage:
    return footage("bruno", 2, stretch=1.3, skin=(120, 80, 60), eyes=(40, 160, 60))


TINY = replace(
    PRESENT,
    width=1 / 16,
    size=32,
    coverage="face",
    anchor="eyes",
    tone="canonical",
    backdrop="grey",
    augmentation=replace(QUIET, warp=0.02, flip=0.5, shade=0.1),
    learning=replace(PRESENT.learning, steps=12, batch=2, rate=2e-3, threads=1, preview_every=6, snapshot_every=5),
)


def train(folder: Path, sides, config=TINY, seed=1):
    names = tuple(side.subject for side in sides)
    run = Run(folder=folder, seed=seed, device=CPU, consents=("c-1", "c-2"), code="abc", subjects=names)
    return original.train(sides, config, run)


# --- where faces lie and what colours they have


@pytest.mark.parametrize("how", ["features", "eyes", "camera"])
def test_anchors_put_eyes_where_they_belong_and_keep_sizes(ada, bruno, how):
    """Bruno's face is longer; umeyama shrinks it to the same size, and raises his eyes."""
    found = space.anchors([ada.facesets, bruno.facesets], how, "face")
    widths, boxes, middles, scales = [], [], [], []
    for side, anchor in zip((ada, bruno), found, strict=True):
        change = space.into("full", 128, anchor, "face", 64)
        placed = np.array([points for each in side.facesets for _, points in pool.crops(each, change, 64)])
        outlines = np.array([masks.raised(points) for points in placed])
        boxes += [outlines.min(axis=(0, 1)), outlines.max(axis=(0, 1))]
        points = placed.mean(axis=0)
        eyes = np.array([points[36:42].mean(axis=0), points[42:48].mean(axis=0)])
        widths.append(np.linalg.norm(eyes[1] - eyes[0]))
        middles.append(eyes.mean(axis=0))
        scales += [
            np.sqrt(np.linalg.det(align.compose(change, m)[:, :2])) for f in side.facesets for m in f.matrices_N23
        ]
    if how == "features":
        assert middles[0][1] - middles[1][1] > 1
        assert widths[1] / widths[0] < 0.95
    else:
        np.testing.assert_allclose(middles[0], middles[1], atol=0.1)
        low, high = np.min(boxes, axis=0), np.max(boxes, axis=0)
        assert (high - low).max() == pytest.approx(0.92 * 64, rel=0.02)  # whole, and as large as there is room for
        np.testing.assert_allclose((low + high) / 2, 31.5, atol=1)
    if how == "eyes":
        assert widths[1] == pytest.approx(widths[0], rel=0.01)
    if how == "camera":  # their eyes are equally far apart, and both were filmed at 50 to 60 pixels
        assert widths[1] / widths[0] == pytest.approx(1, abs=0.03)
        assert np.median(scales[:20]) == pytest.approx(np.median(scales[20:]), rel=0.03)


def test_a_moved_crop_shows_the_landmarks_where_they_are_said_to_be(ada):
    change = space.into("full", 128, space.anchors([ada.facesets], "eyes", "face")[0], "face", 64)
    for picture, points in pool.crops(ada.facesets[0], change, 64):
        blue = picture[..., 2].astype(float) - picture[..., 0]
        for part in (slice(36, 42), slice(42, 48)):
            x, y = points[part].mean(axis=0)
            near = np.maximum(blue + 50, 0) * (np.hypot(*(np.indices(blue.shape) - np.array([[[y]], [[x]]]))) < 6)
            rows, columns = np.indices(blue.shape)
            found = [(columns * near).sum() / near.sum(), (rows * near).sum() / near.sum()]
            np.testing.assert_allclose(found, [x, y], atol=0.3)


def test_canonical_tone_makes_skin_grey_and_gives_it_back(ada, bruno):
    change = space.into("full", 128, np.eye(2, 3), "face", 64)
    for side, tone in ((ada, (200, 150, 120)), (bruno, (120, 80, 60))):
        picture, points = next(pool.crops(side.facesets[0], change, 64))
        bearded = cv2.fillConvexPoly(picture.copy(), cv2.convexHull(np.float32(points[3:14]).astype(int)), (10, 10, 10))
        for each in (picture, bearded):  # the eyes are in it, a beard is not
            np.testing.assert_allclose(space.skin(each, points) * 255, tone, atol=25)
        skins = torch.from_numpy(space.skin(picture, points))[None, :, None, None]
        crops = torch.from_numpy(picture).permute(2, 0, 1)[None] / 255
        toned = space.canonical(crops, skins)
        x, y = points[30].round().astype(int)
        torch.testing.assert_close(toned[0, :, y, x], torch.full((3,), 0.5), atol=0.1, rtol=0)
        dark = toned.amax(dim=1, keepdim=True) < 1
        torch.testing.assert_close(space.restored(toned, skins) * dark, crops * dark)
        torch.testing.assert_close(space.canonical(crops * 0.5, skins * 0.5), toned)


def test_the_backdrop_is_hidden():
    crops, mask = torch.rand(2, 3, 8, 8), torch.zeros(2, 1, 8, 8)
    mask[..., 2:5, 2:5] = 1
    hidden = space.hidden(crops, mask)
    torch.testing.assert_close(hidden[..., 2:5, 2:5], crops[..., 2:5, 2:5])
    assert (hidden[..., 5:, :] == 0.5).all()


# --- samples


@pytest.fixture(scope="module")
def faces(ada, tmp_path_factory) -> pool.Pool:
    return pool.gather(ada, np.eye(2, 3), "face", 32, tmp_path_factory.mktemp("pool"))


def pairs(faces, how, *, size=32, seed=0, loss=PRESENT.loss, apart=False, batch=4):
    return samples.Pairs([faces, faces], batch, size, how, loss, seed=seed, apart=apart)


def test_a_pool_leaves_no_file_and_needs_faces(ada, tmp_path, monkeypatch):
    gathered = pool.gather(ada, np.eye(2, 3), "face", 32, tmp_path)
    assert (len(gathered), gathered.size) == (20, 48)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(FaceError, match="nobody"):
        pool.gather(Footage("nobody", (), ()), np.eye(2, 3), "face", 32, tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=10))
    with pytest.raises(DiskError):
        pool.gather(ada, np.eye(2, 3), "face", 32, tmp_path)


def test_without_variation_a_sample_is_the_face_itself(faces):
    _, side = pairs(faces, QUIET).at(3)[0]
    torch.testing.assert_close(side.inputs, side.aims, atol=1.5 / 255, rtol=0)
    torch.testing.assert_close(side.seen, side.inside, atol=1e-2, rtol=0)
    index = int(warps.plan(Draws(0).at(3), 4, faces, 32, QUIET).index_B[0])
    expected = cv2.resize(faces[index], (32, 32), interpolation=cv2.INTER_LINEAR)
    difference = np.abs(side.aims[0].permute(1, 2, 0).numpy() * 255 - expected)
    assert np.median(difference) < 1
    assert difference.mean() < 3


def test_samples_depend_on_the_seed_and_the_step_alone(faces):
    how = original.recipe_present().augmentation
    once, again = pairs(faces, how), pairs(faces, how)
    again.at(1)
    for one, two in zip(once.at(5), again.at(5), strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one[1], two[1], strict=True))
    assert not torch.equal(once.at(5)[0][1].inputs, once.at(6)[0][1].inputs)
    assert not torch.equal(once.at(5)[0][1].inputs, pairs(faces, how, seed=1).at(5)[0][1].inputs)


def test_sides_take_turns_when_updated_apart(faces):
    apart = pairs(faces, QUIET, apart=True)
    assert [[side for side, _ in apart.at(step)] for step in range(3)] == [[0], [1], [0]]
    assert (apart.images, pairs(faces, QUIET).images) == (4, 8)


def test_the_grid_spans_the_crop_and_is_linear_between():
    weights = warps.spread(64)
    ramp = np.linspace(-0.5, 63.5, 5)
    np.testing.assert_allclose(weights @ ramp, np.arange(64), atol=1e-9)
    big = cv2.resize(np.random.default_rng(0).random((5, 5)), (80, 80), interpolation=cv2.INTER_LINEAR)
    small = cv2.resize(np.eye(5), (5, 80), interpolation=cv2.INTER_LINEAR)[8:72]
    np.testing.assert_allclose(weights, small, atol=1e-6)  # resized to 5/4 and cropped, as published
    assert big.shape == (80, 80)


def test_the_aim_that_follows_is_umeyamas_fit():
    generator = np.random.default_rng(4)
    straight = warps.grid(64)
    bent = straight + generator.normal(0, 2, (5, 5)) + 1j * generator.normal(0, 2, (5, 5))
    points = [np.column_stack([grid.real.ravel(), grid.imag.ravel()]) for grid in (bent, straight)]
    expected = align.invert(align.umeyama(points[0], points[1]))
    np.testing.assert_allclose(warps.similarities(bent[None], 64)[0], expected, atol=1e-9)


def test_variations_lie_within_what_was_asked(faces):
    how = replace(QUIET, rotation=10.0, zoom=0.05, shift=0.04, flip=0.4, warp=0.03, lightness=0.3, tint=0.08, clahe=0.5)
    plan = warps.plan(np.random.default_rng(0), 4000, faces, 32, how)
    to_crop = np.stack([align.invert(matrix) for matrix in plan.to_pool_B23])
    scale = np.sqrt(np.abs(np.linalg.det(to_crop[:, :, :2]))) * faces.size / 32
    assert 0.95 <= scale.min() < 0.952
    assert 1.048 < scale.max() <= 1.05
    assert np.mean(np.linalg.det(to_crop[:, :, :2]) < 0) == pytest.approx(0.4, abs=0.03)
    turn = np.degrees(np.arctan2(-to_crop[:, 0, 1], to_crop[:, 1, 1]))
    assert (turn.min(), turn.max()) == (pytest.approx(-10, abs=0.1), pytest.approx(10, abs=0.1))
    centre = np.array([align.apply(matrix, np.full((1, 2), (faces.size - 1) / 2))[0] for matrix in to_crop]) - 15.5
    assert np.abs(centre).max() == pytest.approx(0.04 * 32, rel=0.01)
    assert (plan.bend_B55 - warps.grid(32)).real.std() == pytest.approx(0.03 * 32, rel=0.02)
    assert (plan.cells_B > 0).mean() == pytest.approx(0.5, abs=0.03)
    assert set(plan.cells_B.tolist()) == {0, 2, 3, 4, 5, 6}
    assert np.abs(plan.colour_B3).max(axis=0) == pytest.approx([0.3, 0.08, 0.08], rel=0.01)


def test_landmarks_follow_the_warp():
    """Where a point is said to lie in the bent picture, the bent grid reads from that point."""
    generator = np.random.default_rng(4)
    bent = warps.grid(64) + generator.normal(0, 1, (5, 5)) + 1j * generator.normal(0, 1, (5, 5))
    points = generator.uniform(5, 58, (200, 2))
    found = warps.unbend(points[None], bent[None], 64)[0]
    everywhere = warps.spread(64) @ bent @ warps.spread(64).T
    x, y = (np.ascontiguousarray(part[:, None], np.float32) for part in found.T)
    parts = [np.ascontiguousarray(part, np.float32) for part in (everywhere.real, everywhere.imag)]
    read = [cv2.remap(part, x, y, cv2.INTER_LINEAR)[:, 0] for part in parts]
    off = np.abs(np.stack(read, axis=-1) - points)
    assert off.mean() < 0.1 * np.abs(found - points).mean()
    assert off.max() < 0.5


def test_weights_choose_eyes_and_mouth(faces):
    loss = replace(PRESENT.loss, outside=0.25, eyes=3.0, mouth=2.0)
    _, side = pairs(faces, QUIET, loss=loss, size=96).at(0)[0]
    index = int(warps.plan(Draws(0).at(0), 4, faces, 96, QUIET).index_B[0])
    points = (faces.points_N922[index] + 0.5) * 2 - 0.5
    weights = side.weights[0, 0].numpy()
    for part, expected in ((slice(68, 74), 3), (slice(74, 80), 3), (slice(80, 92), 2), (slice(30, 31), 1)):
        x, y = points[part].mean(axis=0).round().astype(int)
        assert weights[y, x] == expected
    assert weights[0, 0] == 0.25


def test_colours_move_as_asked_and_stay_without_asking():
    picture = cv2.GaussianBlur(np.random.default_rng(0).integers(60, 180, (40, 40, 3)).astype(np.uint8), (0, 0), 3)
    still = samples.recolour(picture, np.zeros(3, np.float32), 0)
    assert np.abs(still.astype(int) - picture).max() <= 4  # CIELAB in 8 bits
    brighter = samples.recolour(picture, np.array([0.3, 0, 0], np.float32), 0)
    lightness = [cv2.cvtColor(each, cv2.COLOR_RGB2LAB)[..., 0].astype(float) for each in (picture, brighter)]
    np.testing.assert_allclose(lightness[1].mean(), lightness[0].mean() + 0.3 * (255 - lightness[0].mean()), atol=3)


# --- training and conversion


def test_training_leaves_its_work_and_resumes_by_the_same_recipe(ada, bruno, tmp_path):
    train(tmp_path, (ada, bruno))
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"weights.safetensors", "card.json", "loss.csv", "preview.png", "previews", "timelapse.mp4"}
    card = files.read_json(tmp_path / "card.json")
    assert (card["subjects"], card["steps"], card["images"]) == (["ada", "bruno"], 12, 48)
    again = tmp_path / "again"
    train(again, (ada, bruno))
    assert (again / "weights.safetensors").read_bytes() == (tmp_path / "weights.safetensors").read_bytes()
    assert cv2.imread(str(tmp_path / "preview.png")).shape == (6 * 96, 6 * 96, 3)


def test_settings_come_from_yaml_and_go_back():
    for recipe in (original.recipe_2018(), original.recipe_present(), TINY):
        assert settings.build(original.Config, settings.plain(recipe)) == recipe
    for key, value in (("size", 40), ("width", 0.0)):
        with pytest.raises(ConfigError, match=key):
            settings.build(original.Config, {**settings.plain(TINY), key: value})


@pytest.mark.parametrize(
    "config",
    [
        replace(TINY, anchor="camera", mask=True),
        TINY,
        replace(TINY, anchor="features", mask=True, update="apart", tone="kept"),
    ],
)
def test_conversion_picks_the_sources_decoder_and_keeps_the_order(ada, bruno, tmp_path, config):
    train(tmp_path, (ada, bruno), replace(config, learning=replace(config.learning, steps=2, preview_every=0)))
    model = original.load(tmp_path, CPU)
    coverage, size = original.crop_space(config)
    assert (coverage, size) == (("face", 32) if config.anchor == "features" else ("head", 96))
    swapped = torch.cat(list(original.convert(model, ada, bruno, config)))
    assert swapped.shape == (20, 4 if config.mask else 3, size, size)
    assert swapped.dtype == torch.float32
    assert 0 <= swapped.min() <= swapped.max() <= 1
    if config.mask and config.anchor != "features":
        assert swapped[:, 3, 0].max() == 0  # a mask does not reach beyond what was drawn
    alone = Footage("bruno", bruno.facesets[1:], ())
    torch.testing.assert_close(
        torch.cat(list(original.convert(model, ada, alone, config))), swapped[12:], atol=0.02, rtol=0
    )
    torch.nn.init.zeros_(model.decoders[0].picture[-1].weight)  # ada's decoder draws grey from now on
    grey = torch.cat(list(original.convert(model, ada, bruno, config)))[:, :3]
    other = torch.cat(list(original.convert(model, bruno, ada, config)))[:, :3]
    middle = slice(size * 3 // 8, size * 5 // 8)
    assert grey[0, :, middle, middle].std(dim=(1, 2)).max() < 1e-3
    assert other[0, :, middle, middle].std(dim=(1, 2)).max() > 1e-3


def test_one_subject_may_stand_on_both_sides(ada, tmp_path):
    first, second = (Footage("ada", (faceset,), ()) for faceset in ada.facesets)
    config = replace(TINY, learning=replace(TINY.learning, steps=1, preview_every=0))
    model = train(tmp_path, (first, second), config)
    assert model.subjects == ("ada", "ada")
    assert torch.cat(list(original.convert(model, first, second, config))).shape[0] == 8


def test_weights_of_another_network_are_refused(ada, bruno, tmp_path):
    config = replace(TINY, learning=replace(TINY.learning, steps=1, preview_every=0))
    train(tmp_path, (ada, bruno), config)
    model = original.load(tmp_path, CPU)
    with pytest.raises(CheckpointError, match=r"width=0\.125"):
        list(original.convert(model, ada, bruno, replace(config, width=0.125)))
    with pytest.raises(CheckpointError, match="ada and bruno, not clara"):
        list(original.convert(model, Footage("clara", ada.facesets, ()), bruno, config))
    wider = Original(Architecture(width=0.125, size=32, mask=False))
    with pytest.raises(CheckpointError, match=r"width is 0\.0625 there, 0\.125 here"):
        load_weights(tmp_path / "weights.safetensors", wider, wider.architecture.plain())
    with pytest.raises(CheckpointError):
        original.load(tmp_path / "nothing", CPU)
    with pytest.raises(ConfigError, match="pair"):
        train(tmp_path, (ada,))


def test_it_learns_to_swap(ada, bruno, tmp_path):
    """After some hundred steps bruno's clip, drawn as ada, has ada's blue eyes and bruno's own skin tone."""
    config = replace(TINY, learning=replace(TINY.learning, steps=250, batch=4, warmup=10, schedule="cosine", rate=3e-3))
    model = train(tmp_path, (ada, bruno), replace(config, learning=replace(config.learning, preview_every=0)))
    change = space.into("full", 128, np.eye(2, 3), *original.crop_space(config))
    theirs = [(picture, points) for each in bruno.facesets for picture, points in pool.crops(each, change, 96)]
    swapped = torch.cat(list(original.convert(model, ada, bruno, config))).permute(0, 2, 3, 1).numpy() * 255
    blue = []
    for (picture, points), face in zip(theirs, swapped, strict=True):
        x, y = points[36:42].mean(axis=0).round().astype(int)
        blue.append((face[y, x, 2] - face[y, x, 1], float(picture[y, x, 2]) - picture[y, x, 1]))
        nose_x, nose_y = points[30].round().astype(int)
        assert np.abs(face[nose_y, nose_x] - picture[nose_y, nose_x]).max() < 40
    assert np.mean(blue, axis=0)[0] > 5
    assert np.mean(blue, axis=0)[1] < -50

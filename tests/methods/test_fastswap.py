"""Fast Face-swap: its published size, its losses at their optima and against loops, its features, and a swap."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from understudy import files, settings
from understudy.errors import CheckpointError, ConfigError, Stopped
from understudy.faces import masks
from understudy.learning import Run
from understudy.learning.weights import describe
from understudy.methods import Footage, fastswap, pretrains
from understudy.methods._faces import pool as pools
from understudy.methods._faces import space
from understudy.methods.fastswap import contents, features, light, losses, pretraining
from understudy.methods.fastswap.gallery import gallery
from understudy.methods.fastswap.looking import looking
from understudy.methods.fastswap.network import Architecture, FastSwap, Transformation

from .test_original import footage

CPU = torch.device("cpu")
SMALL = fastswap.PRESETS["fastswap-small"]()


def shape(**changed):
    return Architecture(**{"width": 1.0, "size": 128, "features": "cast", **changed})


# --- the network


def test_the_published_network_has_a_million_parameters_and_draws_at_the_size_it_sees():
    network = Transformation(shape())
    count = sum(parameter.numel() for parameter in network.parameters())
    assert count / 1e6 == pytest.approx(1.0, abs=0.1)
    assert network(torch.zeros(1, 3, 128, 128)).shape == (1, 3, 128, 128)
    assert len(Transformation(shape(size=256)).branches) == len(network.branches) + 1
    both = FastSwap(shape(width=0.25, size=64))
    assert sum(parameter.numel() for parameter in both.transformations[0].parameters()) < count / 16
    crops = torch.rand(1, 3, 64, 64)
    assert not torch.equal(both(crops, 0), both(crops, 1))


def test_every_scale_reaches_the_picture():
    """A network that sees a crop at several sizes is moved by detail and by what is left of it in the smallest."""
    torch.manual_seed(0)
    network = Transformation(shape(width=0.25, size=64))
    for branch in network.branches:
        crops = torch.rand(1, 3, 64, 64, requires_grad=True)
        parameters = list(branch.parameters())
        found = torch.autograd.grad(network(crops).sum(), parameters)
        assert all(gradient.abs().sum() > 0 for gradient in found)


# --- the losses


def seen_in(maps, shown=None):
    """Photos' maps (B, K, C, H, W) as the style loss wants them; the face is everywhere unless told."""
    everywhere = torch.ones_like(maps[:, :, 0], dtype=torch.bool)
    return losses.Photos(maps, everywhere if shown is None else shown, maps.square().sum(dim=2))


def fell(value, start, steps=60, rate=0.05):
    """The loss before and after gradient steps on its argument."""
    moved = start.clone().requires_grad_()
    optimiser = torch.optim.Adam([moved], rate)
    first = None
    for _ in range(steps):
        loss = value(moved)
        first = loss.item() if first is None else first
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return first, value(moved).item()


def test_each_loss_is_nothing_at_its_optimum_and_falls_towards_it():
    torch.manual_seed(0)
    maps, start, even = torch.rand(2, 8, 6, 6), torch.rand(2, 8, 6, 6), torch.ones(2, 1, 6, 6)
    photos = seen_in(torch.stack([torch.rand(2, 8, 6, 6), maps], dim=1))
    lights = torch.rand(2, 4)
    toys = {
        "content": (lambda x: losses.content(x, maps, even), maps, start),
        "style": (lambda x: losses.style(x, photos, even, SMALL.loss), maps, start),
        "patches": (lambda x: losses.style(x, photos, even, replace(SMALL.loss, patch=3)), maps, start),
        "light": (lambda x: losses.light(x, lights), lights, torch.rand(2, 4)),
        "variation": (losses.variation, torch.full((1, 3, 8, 8), 0.3), torch.rand(1, 3, 8, 8)),
    }
    for name, (value, best, begun) in toys.items():
        assert value(best).item() == pytest.approx(0, abs=1e-5), name
        before, after = fell(value, begun)
        assert before > 0.01, name
        assert after < before / 4, name


def test_a_weight_of_nothing_hides_a_position():
    maps, other = torch.rand(1, 4, 5, 5), torch.rand(1, 4, 5, 5)
    weights = torch.zeros(1, 1, 5, 5)
    weights[..., 2, 3] = 1
    other[..., 2, 3] = maps[..., 2, 3]
    assert losses.content(other, maps, weights).item() == pytest.approx(0, abs=1e-7)
    assert losses.style(other, seen_in(maps[:, None]), weights, SMALL.loss).item() == pytest.approx(0, abs=1e-5)
    hidden = seen_in(maps[:, None], weights[:, None, 0] == 0)  # no photo shows the face there: nothing is asked
    assert losses.style(maps + 1, hidden, weights, SMALL.loss).item() == 0


@pytest.mark.parametrize(("patch", "reach"), [(1, 0), (3, 0), (1, 2), (3, 1)])
def test_patches_are_matched_as_a_loop_would(patch, reach):
    torch.manual_seed(1)
    drawn, photos = torch.randn(2, 3, 5, 6), torch.randn(2, 4, 3, 5, 6)
    shown = torch.rand(2, 4, 5, 6) > 0.6
    found, some = losses.nearest(drawn, seen_in(photos, shown), patch, reach)
    around = patch // 2
    padded, padded_photos = (torch.nn.functional.pad(each, (around,) * 4) for each in (drawn, photos))
    for face in range(2):
        for y in range(5):
            for x in range(6):
                own = padded[face, :, y : y + patch, x : x + patch].flatten()
                best = -1.0
                for photo in range(4):
                    for v in range(max(0, y - reach), min(4, y + reach) + 1):
                        for u in range(max(0, x - reach), min(5, x + reach) + 1):
                            if shown[face, photo, v, u]:
                                other = padded_photos[face, photo, :, v : v + patch, u : u + patch].flatten()
                                best = max(best, torch.cosine_similarity(own, other, dim=0).item())
                                assert some[face, y, x]
                assert found[face, y, x].item() == pytest.approx(best, abs=1e-4)


def test_the_nearest_photos_are_those_of_brute_force():
    generator = np.random.default_rng(0)
    faces, photos = generator.normal(30, 5, (7, 68, 2)), generator.normal(30, 5, (40, 68, 2))
    found = contents.nearest(faces, photos, 16)
    for face, numbers in zip(faces, found, strict=True):
        distances = [float(np.sqrt(np.square(face - photo).sum())) for photo in photos]
        assert list(numbers) == sorted(range(40), key=distances.__getitem__)[:16]
    assert contents.nearest(faces, photos[:3], 16).shape == (7, 3)


# --- light


def lit_people(generator, people, lights, count):
    """Blobs of a person's own colours and shape under lights of several directions, and who and what they are."""
    y, x = np.mgrid[-1:1:32j, -1:1:32j]
    pictures, who, under = [], [], []
    for _ in range(count):
        person, chosen = int(generator.integers(len(people))), int(generator.integers(len(lights)))
        colour, wide = people[person]
        face = np.exp(-(x**2 / wide + y**2) * 2)[None] * np.asarray(colour)[:, None, None] + 0.1
        slope = lights[chosen]
        noise = generator.normal(0, 0.01, face.shape)
        pictures.append(np.clip(face * np.exp(slope[0] * y + slope[1] * x) + noise, 0, 1))
        who.append(person)
        under.append(chosen)
    return torch.tensor(np.array(pictures), dtype=torch.float32), torch.tensor(who), torch.tensor(under)


def test_what_is_learned_of_light_tells_lights_apart_and_not_people():
    generator = np.random.default_rng(0)
    people = [((0.8, 0.5, 0.4), 0.6), ((0.5, 0.5, 0.6), 1.0), ((0.7, 0.6, 0.3), 1.6), ((0.4, 0.3, 0.3), 0.8)]
    lights = [(0.0, 1.0), (0.0, -1.0), (1.0, 0.0), (-1.0, 0.0)]
    torch.manual_seed(0)
    network = light.Light()
    optimiser = torch.optim.Adam(network.parameters(), 2e-3)
    for _ in range(100):
        pictures, _, under = lit_people(generator, people[:3], lights, 24)
        loss = light.siamese(network(pictures), under)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    pictures, who, under = lit_people(generator, people, lights, 120)  # the last of them was never shown
    apart = torch.cdist(*(network(pictures).detach(),) * 2)
    same_light, same_person = under[:, None] == under, who[:, None] == who
    across = apart[same_light & ~same_person].mean()
    assert apart[~same_light & same_person].mean() > 3 * across


def test_a_batch_of_one_light_has_a_finite_loss_and_gradient():
    found = torch.zeros(3, 4, requires_grad=True)
    loss = light.siamese(found, torch.zeros(3))
    loss.backward()
    assert torch.isfinite(found.grad).all()


def test_a_light_laid_over_a_face_multiplies_it():
    crops = torch.full((1, 3, 9, 9), 0.2)
    lit = light.relit(crops, torch.tensor([0.5, 0.0, 1.0]))
    torch.testing.assert_close(lit[0, 0, 4, [0, 4, 8]], 0.2 * torch.exp(torch.tensor([-0.5, 0.5, 1.5])))
    torch.testing.assert_close(light.relit(crops, torch.zeros(3)), crops)


# --- the feature network


def vgg_like(width: float = 1.0, **changed) -> dict[str, torch.Tensor]:
    """A state dict in torchvision's layout of VGG-19, with what comes after relu4_2."""
    state = features.FeatureNetwork(width).state_dict()
    state |= {"features.23.weight": torch.zeros(1), "classifier.0.bias": torch.zeros(1)}
    return {**state, **changed}


def test_the_layers_are_those_of_vgg19_in_torchvisions_order():
    network = features.FeatureNetwork()
    at = {0: (64, 3), 2: (64, 64), 5: (128, 64), 7: (128, 128), 10: (256, 128), 19: (512, 256), 21: (512, 512)}
    for place, (after, before) in at.items():
        assert network.state_dict()[f"features.{place}.weight"].shape == (after, before, 3, 3)
    assert {name: network.places[name] for name in ("relu3_1", "relu4_1", "relu4_2")} == {
        "relu3_1": 11,
        "relu4_1": 20,
        "relu4_2": 22,
    }
    small = features.FeatureNetwork(0.125)
    seen = small(torch.rand(1, 3, 64, 64), ["relu4_2", "relu3_1"])
    assert {name: tuple(maps.shape) for name, maps in seen.items()} == {
        "relu3_1": (1, 32, 16, 16),
        "relu4_2": (1, 64, 8, 8),
    }


def test_vgg19_is_read_and_looks_as_it_is_defined(tmp_path):
    torch.manual_seed(0)
    torch.save(vgg_like(), tmp_path / "vgg.pth")
    network, digest = features.vgg19(tmp_path / "vgg.pth", None)
    assert digest == files.sha256(tmp_path / "vgg.pth")
    assert features.vgg19(tmp_path / "vgg.pth", digest.upper())[1] == digest
    crops = torch.rand(1, 3, 32, 32)
    mean, spread = (torch.tensor(each).view(1, 3, 1, 1) for each in (features.MEAN, features.SPREAD))
    state = network.state_dict()
    convolve = torch.nn.functional.conv2d
    first = convolve((crops - mean) / spread, state["features.0.weight"], state["features.0.bias"], padding=1).relu()
    second = convolve(first, state["features.2.weight"], state["features.2.bias"], padding=1).relu()
    seen = network(crops, ["relu1_1", "relu1_2"])
    torch.testing.assert_close(seen["relu1_1"], first)
    torch.testing.assert_close(seen["relu1_2"], second)


def test_other_weights_are_refused_before_anything_is_done(tmp_path):
    path = tmp_path / "vgg.pth"
    config = replace(TINY, features=replace(TINY.features, path=path, sha256="0" * 64))
    run = Run(folder=tmp_path / "run", seed=1, device=CPU)
    with pytest.raises(ConfigError, match="no such file"):
        fastswap.train((), config, run)
    torch.save(vgg_like(0.5), path)
    with pytest.raises(ConfigError, match=f"sha256 is {files.sha256(path)}"):
        fastswap.train((), config, run)
    free = replace(config, features=replace(config.features, sha256=None))
    with pytest.raises(CheckpointError, match=r"features\.0\.weight.*\(32, 3, 3, 3\).*\(64, 3, 3, 3\)"):
        fastswap.train((), free, run)
    torch.save({name: value for name, value in vgg_like().items() if "16" not in name}, path)
    with pytest.raises(CheckpointError, match=r"features\.16\.weight' is absent"):
        fastswap.train((), free, run)
    path.write_bytes(b"not weights")
    with pytest.raises(CheckpointError, match="cannot be read"):
        fastswap.train((), free, run)
    with pytest.raises(ConfigError, match="neither VGG-19's file nor pretrained"):
        fastswap.train((), TINY, run)
    assert not run.folder.exists()


def test_settings_come_from_yaml_and_go_back():
    for config in (*(preset() for preset in fastswap.PRESETS.values()), TINY):
        assert settings.build(fastswap.Config, settings.plain(config)) == config
    plain = settings.plain(TINY)
    for key, value in (("size", 48), ("width", 0.0), ("gallery", 0)):
        with pytest.raises(ConfigError, match=key):
            settings.build(fastswap.Config, {**plain, key: value})
    for key, value in (("patch", 2), ("photos", 0), ("style", -1.0), ("style_layers", ["relu5_1"])):
        with pytest.raises(ConfigError, match=r"patch|0 or more|relu1_1"):
            settings.build(fastswap.Config, {**plain, "loss": {**plain["loss"], key: value}})
    with pytest.raises(ConfigError, match="path names none"):
        settings.build(fastswap.Config, {**plain, "features": {**plain["features"], "sha256": "ab"}})


# --- training, pretraining, conversion


TINY = replace(
    SMALL,
    size=32,
    coverage="face",
    anchor="eyes",
    gallery=6,
    features=replace(SMALL.features, width=0.125, steps=4),
    loss=replace(SMALL.loss, photos=3),
    learning=replace(SMALL.learning, steps=10, batch=2, rate=2e-3, preview_every=5, snapshot_every=4),
)


@pytest.fixture(scope="module")
def ada() -> Footage:
    return footage("ada", 1)


@pytest.fixture(scope="module")
def bruno() -> Footage:
    return footage("bruno", 2, stretch=1.3, skin=(120, 80, 60), eyes=(40, 160, 60))


def taught(folder: Path, config=TINY) -> Path:
    """Features pretrained on two people whom no test swaps."""
    others = (footage("clara", 3, skin=(220, 180, 150), eyes=(90, 60, 30)), footage("dario", 4, stretch=0.9))
    names = tuple(each.subject for each in others)
    fastswap.pretrain(others, config, Run(folder=folder, seed=3, device=CPU, subjects=names))
    return folder / "weights.safetensors"


@pytest.fixture(scope="module")
def cast(tmp_path_factory) -> Path:
    return taught(tmp_path_factory.mktemp("cast"))


def train(folder: Path, sides, pretrained: Path | None, config=TINY, **more):
    names = tuple(side.subject for side in sides)
    run = Run(folder=folder, seed=1, device=CPU, subjects=names, pretrained=pretrained, **more)
    return fastswap.train(sides, config, run)


def quiet(config, steps):
    return replace(config, learning=replace(config.learning, steps=steps, preview_every=0, snapshot_every=0))


def test_features_are_pretrained_only_without_vgg19(tmp_path):
    assert pretrains(fastswap, TINY)
    assert not pretrains(fastswap, replace(TINY, features=replace(TINY.features, path=tmp_path / "vgg.pth")))
    with pytest.raises(ConfigError, match="two people"):
        fastswap.pretrain((footage("ada", 1),), TINY, Run(folder=tmp_path, seed=1, device=CPU))


def test_pretraining_learns_its_lessons_and_a_lesson_mixes_people_and_lights(ada, bruno, tmp_path):
    config = replace(TINY, features=replace(TINY.features, steps=60))
    folder = tmp_path / "features"
    fastswap.pretrain((ada, bruno), config, Run(folder=folder, seed=1, device=CPU))
    rows = np.genfromtxt(folder / "loss.csv", delimiter=",", names=True)
    for name in ("landmarks", "drawing", "light"):
        assert rows[name][-5:].mean() < rows[name][:5].mean(), name
    packed = [pools.gather(each, np.eye(2, 3), "face", 32, tmp_path) for each in (ada, bruno)]
    batch = pretraining.Teaching(packed, config, 1).at(3)
    assert sorted(batch.people.tolist()) == [0] * pretraining.EACH + [1] * pretraining.EACH
    assert batch.lights.tolist() == [*range(pretraining.EACH)] * 2
    for crop, points in zip(batch.crops, batch.landmarks, strict=True):
        x, y = ((points[48:60].mean(dim=0) + 1) * 16 - 0.5).round().int().tolist()
        red = crop[0] - crop[1]
        assert red[y, x] > red.mean() + 0.1  # the mouth is where it is said to be


def test_a_training_leaves_its_work_and_says_what_it_looked_through(ada, bruno, cast, tmp_path):
    model = train(tmp_path, (ada, bruno), cast)
    assert {"weights.safetensors", "card.json", "loss.csv", "preview.png"} <= {p.name for p in tmp_path.iterdir()}
    said = describe(tmp_path / "weights.safetensors")["architecture"]
    assert (said["features"], said["digest"]) == ("cast", files.sha256(cast))
    card = files.read_json(tmp_path / "card.json")
    assert (card["subjects"], card["steps"]) == (["ada", "bruno"], 10)
    assert model.light is None
    again = tmp_path / "again"
    train(again, (ada, bruno), cast)
    assert (again / "weights.safetensors").read_bytes() == (tmp_path / "weights.safetensors").read_bytes()
    assert cv2.imread(str(tmp_path / "preview.png")).shape == (6 * 96, 6 * 96, 3)


def test_a_training_that_was_stopped_goes_on_to_the_same_bytes(ada, bruno, cast, tmp_path):
    train(tmp_path / "whole", (ada, bruno), cast)
    asked = iter([None, "no more"])
    with pytest.raises(Stopped):
        train(tmp_path / "parts", (ada, bruno), cast, allowed=lambda: next(asked))
    train(tmp_path / "parts", (ada, bruno), cast)
    whole, parts = (tmp_path / name / "weights.safetensors" for name in ("whole", "parts"))
    assert parts.read_bytes() == whole.read_bytes()


def test_with_vgg19_lights_are_learned_beside_the_swap(ada, bruno, tmp_path):
    torch.manual_seed(0)
    torch.save(vgg_like(), tmp_path / "vgg.pth")
    config = quiet(replace(TINY, features=replace(TINY.features, path=tmp_path / "vgg.pth")), 3)
    model = train(tmp_path / "run", (ada, bruno), None, config)
    fresh = FastSwap(config.architecture).light.state_dict()
    assert set(fresh) == set(model.light.state_dict())
    said = describe(tmp_path / "run/weights.safetensors")["architecture"]
    assert (said["features"], said["digest"]) == ("vgg19", files.sha256(tmp_path / "vgg.pth"))
    loaded = fastswap.load(tmp_path / "run", CPU)
    assert torch.cat(list(fastswap.convert(loaded, ada, bruno, config))).shape[0] == 20
    with pytest.raises(CheckpointError, match="cast"):
        list(fastswap.convert(loaded, ada, bruno, TINY))


def test_conversion_draws_each_kept_face_as_the_source(ada, bruno, cast, tmp_path):
    config = quiet(TINY, 2)
    train(tmp_path, (ada, bruno), cast, config)
    model = fastswap.load(tmp_path, CPU)
    assert fastswap.crop_space(config) == ("head", 96)
    swapped = torch.cat(list(fastswap.convert(model, ada, bruno, config)))
    assert swapped.shape == (20, 3, 96, 96)
    assert 0 <= swapped.min() <= swapped.max() <= 1
    torch.nn.init.zeros_(model.transformations[0].picture.weight)  # ada is grey from now on
    middle = slice(36, 60)
    grey = torch.cat(list(fastswap.convert(model, ada, bruno, config)))[0, :, middle, middle]
    other = torch.cat(list(fastswap.convert(model, bruno, ada, config)))[0, :, middle, middle]
    assert grey.std(dim=(1, 2)).max() < 1e-3 < other.std(dim=(1, 2)).max()
    with pytest.raises(CheckpointError, match="ada and bruno, not clara"):
        list(fastswap.convert(model, Footage("clara", ada.facesets, ()), bruno, config))
    with pytest.raises(ConfigError, match="pair"):
        train(tmp_path / "alone", (ada,), cast)
    with pytest.raises(ConfigError, match="Pretrain with these settings"):
        train(tmp_path / "other", (ada, bruno), cast, replace(config, size=64))


def test_a_gallery_holds_what_the_layers_see_of_each_photo(ada, cast, tmp_path):
    packed = pools.gather(ada, np.eye(2, 3), "face", 32, tmp_path)
    photos = contents.photographs(packed, 32, 6)
    seen = looking(TINY, Run(folder=tmp_path, seed=1, device=CPU, pretrained=cast))
    config = replace(TINY, tone="kept", backdrop="kept", learning=replace(TINY.learning, precision="fp32"))
    held = gallery(photos, seen.features.float(), ["relu3_1"], config, CPU)
    picture, points = photos[4]
    crop = torch.from_numpy(picture).permute(2, 0, 1)[None] / 255
    maps, inside, squares = held.of("relu3_1", torch.tensor([[4]]))
    torch.testing.assert_close(maps[0], seen.features(crop, ["relu3_1"])["relu3_1"], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(squares, maps.square().sum(dim=2))
    covered = cv2.resize(masks.fill(points, 32, 32), (8, 8), interpolation=cv2.INTER_AREA)
    assert np.array_equal(inside[0, 0].numpy(), covered >= 0.5)


def test_it_learns_to_swap(ada, bruno, tmp_path):
    """Looking through features of two others, bruno's clip drawn as ada has bluer eyes than bruno's."""
    config = replace(
        TINY,
        features=replace(TINY.features, width=0.25, steps=120),
        learning=replace(TINY.learning, steps=120, batch=4, rate=4e-3, preview_every=0, snapshot_every=0),
    )
    cast = taught(tmp_path / "cast", config)
    train(tmp_path / "run", (ada, bruno), cast, config)
    rows = np.genfromtxt(tmp_path / "run/loss.csv", delimiter=",", names=True)
    assert rows["loss"][-10:].mean() < rows["loss"][:10].mean() / 2
    assert rows["style_0"][-10:].mean() < rows["style_0"][:10].mean() / 1.5
    model = fastswap.load(tmp_path / "run", CPU)
    change = space.into("full", 128, np.eye(2, 3), *fastswap.crop_space(config))
    theirs = [each for faceset in bruno.facesets for each in pools.crops(faceset, change, 96)]
    swapped = torch.cat(list(fastswap.convert(model, ada, bruno, config))).permute(0, 2, 3, 1).numpy() * 255
    blue = []
    for (picture, points), face in zip(theirs, swapped, strict=True):
        x, y = points[36:42].mean(axis=0).round().astype(int)
        blue.append((face[y, x, 2] - face[y, x, 1], float(picture[y, x, 2]) - picture[y, x, 1]))
    assert np.mean(blue, axis=0)[0] > np.mean(blue, axis=0)[1] + 20

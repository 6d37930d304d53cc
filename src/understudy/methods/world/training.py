"""From two people's speech to the way between their voices."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from understudy import job
from understudy.errors import SpeechError, Stopped
from understudy.learning import Learning, Run, kept, record, save_weights
from understudy.learning.snapshot import Progress
from understudy.methods import Footage
from understudy.methods.world import pairing
from understudy.methods.world.config import Config
from understudy.methods.world.mixture import Array, Mixture, converted, features, fit
from understudy.methods.world.network import Architecture, World
from understudy.methods.world.voice import LEAST, Said, Voice, heard
from understudy.speech import pitch, require_enough

_ROUNDS = {"parallel": 2, "nearest": 3}  # how often frames are paired: each time by what was learned of the last
_FEWEST = 3.0  # seconds that both must say before sentences are enough to learn from


@dataclass(kw_only=True)
class Training:
    """A training under way. table: a row an iteration. kind: how frames are paired."""

    voices: tuple[Voice, Voice]
    config: Config
    run: Run
    kind: str
    said: tuple[tuple[Said, ...], tuple[Said, ...]]
    table: list[dict[str, float]] = field(default_factory=list)

    @property
    def steps(self) -> int:
        """All iterations of all rounds."""
        return _ROUNDS[self.kind] * self.config.iterations

    def mixtures(self, network: World) -> Iterator[Mixture]:
        """The mixture after each iteration; frames are paired anew at the beginning of each round."""
        components = self.config.components if self.kind == "parallel" else self.config.nearby
        own = [[network.normal(each.mcep_TD, side) for each in self.said[side]] for side in (0, 1)]
        mixture: Mixture | None = None
        for _ in range(_ROUNDS[self.kind]):
            if refused := self.run.allowed():
                raise Stopped(f"{self.run.folder.name}: stopped after step {len(self.table)}. {refused}")
            pairs = self._sentences(network, own, mixture) if self.kind == "parallel" else self._near(network, mixture)
            together_NJ = pairing.joint(own[0], own[1], pairs)
            full = self.config.covariance == "full"
            for mixture, likelihood in fit(together_NJ, components, self.config.iterations, full, self.run.seed):
                self.table.append({"step": len(self.table) + 1, "rate": 1.0, "loss": -likelihood})
                yield mixture

    def _sentences(self, network: World, own: Sequence[list[Array]], mixture: Mixture | None) -> pairing.Pairs:
        """Pairs of frames of the sentences that both say, aligned."""
        moved = own[0] if mixture is None else [converted(features(each), mixture, forwards=True) for each in own[0]]
        weight_D = np.ones(1) if mixture is None else network.of("scale_2D")[1]
        scaled = [[each * weight_D for each in side] for side in (moved, own[1])]
        return pairing.aligned(*self.said, *scaled)

    def _near(self, network: World, mixture: Mixture | None) -> pairing.Pairs:
        """Pairs of frames that are near each other, from both sides."""
        found = []
        for side in (0, 1):
            scale_D = network.of("scale_2D")[1 - side]
            sought = [(said, self._moved(network, said, side, mixture) * scale_D) for said in self.said[side]]
            others = [(said, network.normal(said.mcep_TD, 1 - side) * scale_D) for said in self.said[1 - side]]
            found.append(pairing.nearest(sought, others, self.run.seed))
        (first, theirs), (second, ours) = found
        return np.concatenate([first, ours]), np.concatenate([theirs, second])

    def _moved(self, network: World, said: Said, side: int, mixture: Mixture | None) -> Array:
        """A stretch in the other voice, in units of the other's deviation.

        Before anything is learned: mean and deviation of voiced and of unvoiced frames, moved to the other's.
        """
        if mixture is not None:
            return converted(features(network.normal(said.mcep_TD, side)), mixture, forwards=side == 0)
        units_TD = self.voices[side].classed(said)
        moved_TD = self.voices[1 - side].unclassed(units_TD, said.f0_T > 0)
        return network.normal(moved_TD, 1 - side)


def trained(footage: Sequence[Footage], config: Config, run: Run) -> World:
    """Learns from two people's speech and leaves weights, card and table in the run's folder.

    Raises SpeechError when one of them says nothing, or not what the other does where the settings ask for it.
    """
    require_enough({each.subject: each.segments for each in footage}, least=LEAST)
    begun, cpu = time.monotonic(), time.process_time()
    first, second = (heard(each, config.order, config.speech) for each in footage)
    blank = _blank(first, second, Architecture(order=config.order, components=1))
    training = _paired(first, second, config, run)
    marks = {max(round(share * training.steps), 1): share for share in (*run.keep, 1.0)}
    run.folder.mkdir(parents=True, exist_ok=True)
    networks: dict[float, World] = {}
    for mixture in job.progress(training.mixtures(blank), training.steps, f"learning {run.folder.name}"):
        if share := marks.get(len(training.table)):
            networks[share] = _finished(first, second, mixture, config, training.said)
    record.write_table(run.folder / "loss.csv", training.table)
    progress = Progress(step=training.steps, wall=time.monotonic() - begun, cpu=time.process_time() - cpu, sittings=1)
    _write_card(networks[1.0], training, progress)
    for share, network in networks.items():
        described = {"architecture": network.architecture.plain(), "subjects": list(run.subjects), "seed": run.seed}
        save_weights(run.folder / kept(share), network, described)
    return networks[1.0]


def _paired(first: Voice, second: Voice, config: Config, run: Run) -> Training:
    """The training of these voices, once it is known what both of them say."""

    same = [] if config.pairing == "nearest" else pairing.parallel(first, second)
    seconds = sum(int(first.said[i].spoken_T.sum()) for i, _, _ in same) * pitch.HOP
    both = f"{first.subject} and {second.subject}"
    if seconds < _FEWEST and config.pairing == "parallel":
        fact = f"say the same for {seconds:.1f} s"
        raise SpeechError(both, fact, "Give clips of the same sentences, or set pairing to auto or nearest.")
    if seconds >= _FEWEST:
        job.log(f"{both} say the same in {len(same)} stretches, {seconds:.0f} s: frames are paired by alignment")
        said = tuple(first.said[i] for i, _, _ in same), tuple(second.said[j] for _, j, _ in same)
        return Training(voices=(first, second), config=config, run=run, kind="parallel", said=said)
    job.log(f"{both} say the same for {seconds:.0f} s: each frame is paired with the nearest of the other's")
    return Training(voices=(first, second), config=config, run=run, kind="nearest", said=(first.said, second.said))


def _blank(first: Voice, second: Voice, architecture: Architecture) -> World:
    """The network with the statistics of both voices, and no mixture yet."""
    network = World(architecture)
    network.subjects = (first.subject, second.subject)
    spoken = [voice.spoken_frames for voice in (first, second)]
    for voice in (first, second):
        if voice.pitch_2 == (0.0, 0.0):
            job.log(f"{voice.subject}: no voiced speech was found (whispers?): pitch stays the driver's")
    network.hold(
        pitch_22=np.array([first.pitch_2, second.pitch_2]),
        power_2=np.array([first.power, second.power]),
        centre_2D=np.stack([frames_ND.mean(0) for frames_ND in spoken]),
        scale_2D=np.stack([np.maximum(frames_ND.std(0), 1e-3) for frames_ND in spoken]),
        lost_2D=np.ones((2, architecture.order)),
    )
    return network


def _finished(
    first: Voice, second: Voice, mixture: Mixture, config: Config, said: tuple[tuple[Said, ...], tuple[Said, ...]]
) -> World:
    """The network with this mixture, and with what averaging took of the variance of what was learned from."""
    network = _blank(first, second, Architecture(order=config.order, components=len(mixture.weights_M)))
    network.hold(weights_M=mixture.weights_M, means_MJ=mixture.means_MJ, covariances_MJJ=mixture.covariances_MJJ)
    made, lost = [], []
    for to in (0, 1):
        parts = [network.said_as(each.mcep_TD, to, 0.0)[each.spoken_T] for each in said[1 - to]]
        made_ND, own_ND = np.concatenate(parts), np.concatenate([each.mcep_TD[each.spoken_T] for each in said[to]])
        made.append(made_ND.mean(0))
        lost.append(np.clip(own_ND.std(0) / np.maximum(made_ND.std(0), 1e-6), 1.0, 3.0))
    network.hold(made_2D=np.stack(made), lost_2D=np.stack(lost))
    return network


def _write_card(network: World, training: Training, progress: Progress) -> None:
    """The card of every training, an iteration for a step; beside it how frames were paired."""
    settings = Learning(
        steps=training.steps, batch=1, rate=1.0, beta1=0.0, beta2=0.0, epsilon=1e-8, warmup=0, schedule="constant",
        precision="fp32", threads=0, preview_every=0, snapshot_every=0,
    )  # fmt: skip
    held = sum(buffer.numel() for buffer in network.buffers())
    amount = {"steps": training.steps, "seconds": round(progress.cpu, 3), "flops": 0}
    asked = {"steps": training.steps, "seconds": None, "flops": None}
    told = {"parameters": held, "flops_per_step": 0, "budget": {"asked": asked, "spent": amount, "share": 1.0}}
    architecture = network.architecture.plain() | {"pairing": training.kind}
    record.write_card(training.run, settings, progress, 1, architecture, "finished", told)

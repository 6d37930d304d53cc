"""The training loop: it is handed a network, a step and a sampler, and sees to everything else.

It leaves in the run's folder:
    weights.safetensors     the network, its architecture in the header; written last: with it the training is done
    weights-0.125.safetensors   likewise what it was at that share of the budget, for each that is to be kept
    card.json               settings, seed, code, consents, device, budget, steps, time, memory
    loss.csv                mean losses, a row a record
    preview.png, timelapse.mp4, previews/    what it saw, at every preview
    snapshot.safetensors, snapshot-*    all that is needed to go on; removed when the training is done
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NoReturn, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from understudy import files, job
from understudy.errors import Stopped
from understudy.learning import record, snapshot
from understudy.learning.budget import Budget
from understudy.learning.keeping import Keeping
from understudy.learning.losses import Losses
from understudy.learning.machine import autocast, enough_memory
from understudy.learning.parts import Parts
from understudy.learning.settings import Learning, Run, exact
from understudy.learning.snapshot import Progress
from understudy.learning.watch import watch
from understudy.learning.weights import save_weights


class Sampler(Protocol):
    """Hands out batches without end; its state is small and whole. images: pictures in one batch."""

    images: int

    def __next__(self) -> Any: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state: dict[str, Any]) -> None: ...


Step = Callable[[Any, Any], Mapping[str, Tensor]]
"""step(network, batch) -> losses, scalars by name; "loss", or each that names a part, is minimised."""
Preview = Callable[[Any], NDArray[np.uint8]]
"""preview(network) -> a picture (HWC, RGB) of what it can do."""

ASK_EVERY = 60.0  # seconds after which a training asks whether it may go on, if no snapshot was due before


def learn(
    network: nn.Module,
    step: Step,
    sampler: Sampler,
    run: Run,
    settings: Learning,
    *,
    architecture: Mapping[str, Any],
    recipe: Mapping[str, Any] | None = None,
    preview: Preview | None = None,
    parts: Mapping[str, Iterable[nn.Parameter]] | None = None,
) -> nn.Module:
    """Trains `network` in place and leaves its work in the run's folder; goes on from a snapshot if one lies there.

    architecture: what tells this network from another; it goes into the weights' header. recipe: whatever else has to
    be the same for a snapshot to be resumed, such as losses and augmentation. Both plain values.
    parts: loss -> the parameters that it is minimised over, each with an optimiser of its own: rivals, such as the
    critic of a GAN, are submodules of the network. A step may leave out a part's loss, and the part then stays. By
    default "loss" is minimised over all parameters.
    Raises Stopped after SIGINT, SIGTERM or `q`, and when the run is not allowed to go on, once a snapshot is saved: at
    the next that is due, and after a minute at the latest. Error when the loss stops being a number or memory runs out;
    ConfigError when the budget is too short for one step; CheckpointError when the snapshot belongs to another
    training; DiskError when the disk is full.
    """
    if settings.threads and run.device.type == "cpu":
        torch.set_num_threads(settings.threads)
    run.folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(run.seed)
    with enough_memory(run.folder, settings), watch() as seen:
        training = _Training(
            network, step, sampler, run, settings, dict(architecture), dict(recipe or {}), preview, parts
        )
        training.resume()
        for _ in job.progress(training.steps(), training.left(), f"learning {run.folder.name}{training.ends()}"):
            training.advance()
            if refused := training.refused():
                training.stop(f"stopped after step {training.progress.step}. {refused}")
            if (wish := seen.asked()) and not training.done:
                training.stop(f"stopped by {wish} after step {training.progress.step}; run again to go on")
        training.finish()
    return network


class _Training:
    """A training under way: what `learn` keeps between steps."""

    def __init__(
        self,
        network: nn.Module,
        step: Step,
        sampler: Sampler,
        run: Run,
        settings: Learning,
        architecture: dict[str, Any],
        recipe: dict[str, Any],
        preview: Preview | None,
        parts: Mapping[str, Iterable[nn.Parameter]] | None,
    ) -> None:
        # Strided convolutions and their gradients are fastest with the channels last, in bf16 above all.
        self.network = network.to(run.device, memory_format=torch.channels_last)  # type: ignore[call-overload] # stubs lack it
        self.step, self.sampler, self.run, self.settings = step, sampler, run, settings
        self.architecture, self.preview = architecture, preview
        self.parts = Parts(network, parts, settings, run.seed)
        self.snapshot = run.folder / "snapshot.safetensors"
        self.keeping = Keeping(run.folder, run.keep)
        self.begin(Progress())
        self.identity = {
            "architecture": self.architecture,
            "learning": exact(settings),
            "recipe": recipe,
            "parts": list(self.parts.optimisers),
            "seed": run.seed,
            "subjects": list(run.subjects),
            "pretrained": files.sha256(run.pretrained) if run.pretrained else None,
        }
        self.wall, self.cpu = time.monotonic(), time.process_time()
        self.asked = time.monotonic()

    def begin(self, progress: Progress) -> None:
        """Stands at this point of the training."""
        self.progress = progress
        self.budget = Budget(self.settings, progress, self.run.device)
        self.losses = Losses(self.settings, self.budget, self.snapshot)
        self.rate = 0.0

    def resume(self) -> None:
        """Goes on from the snapshot, if there is one; else shows what the untrained network does."""
        if self.snapshot.exists():
            optimisers = self.parts.optimisers
            self.begin(snapshot.load(self.snapshot, self.network, optimisers, self.sampler, self.identity))
            self.keeping.resume(self.budget.share)
            job.log(f"{self.run.folder.name}: going on from step {self.progress.step}")
        else:
            self.keeping.clear()
            if self.settings.preview_every:
                self.show()
        self.progress.sittings += 1

    @property
    def done(self) -> bool:
        """Whether the budget is spent."""
        return self.budget.share >= 1

    def steps(self) -> Iterator[int]:
        """The numbers of the steps that come, as long as there is anything left to spend."""
        while not self.done:
            yield self.progress.step

    def left(self) -> int | None:
        """How many steps come; None where only time will tell."""
        return self.settings.steps - self.progress.step if self.budget.steps_alone else None

    def ends(self) -> str:
        """What besides the steps ends the training, in words."""
        budgets = {"s": self.settings.seconds, "FLOPs": self.settings.flops}
        named = " or ".join(f"{amount:g} {unit}" for unit, amount in budgets.items() if amount is not None)
        return f" for {named}" if named else ""

    def advance(self) -> None:
        """One step of the optimisers, and what is due after it."""
        before = self.budget.share
        with self.budget.spending():
            self.learn()
        if self.losses.due(before):
            with self.budget.spending():  # an accelerator does here what it was given
                self.losses.read()
                self.losses.tabulate(self.rate)
        self.budget.require_room(self.run.folder)
        for share in self.keeping.due(before, self.budget.share):
            self.losses.read()
            self.require_sound()
            self.keeping.keep(share, self.network, self.description())
        if self.settings.preview_every and self.progress.step % self.settings.preview_every == 0:
            self.show()
        if self.due() and not self.done:
            self.save()

    def learn(self) -> None:
        """A batch, its losses, their gradients, and a step of every part that has a loss."""
        self.rate = self.budget.rate()
        batch = next(self.sampler)
        with self.budget.counted() as count:
            with autocast(self.settings.precision, self.run.device):
                losses = self.step(self.network, batch)
            present = self.parts.backward(losses)
            count.kind = " ".join(present)
        self.parts.step(present, self.rate)
        self.progress.step += 1
        self.losses.add(losses)

    def due(self) -> bool:
        """Whether a snapshot belongs to the step that is done."""
        every = self.settings.snapshot_every
        return every > 0 and self.progress.step % every == 0

    def refused(self) -> str | None:
        """Why the training may not go on. Asked with every snapshot, before the weights, and once a minute."""
        if not (self.done or self.due() or time.monotonic() - self.asked >= ASK_EVERY):
            return None
        self.asked = time.monotonic()
        return self.run.allowed()

    def stop(self, why: str) -> NoReturn:
        """Leaves a snapshot to go on from, and raises Stopped.

        Also when a person withdrew: to keep what is there is the purge's to decide, which takes the whole folder.
        """
        self.save()
        self.describe("stopped")
        raise Stopped(f"{self.run.folder.name}: {why}")

    def require_sound(self) -> None:
        """Raises Error when a weight or an optimiser's mean is no number any more: losses show it a step too late."""
        if not self.parts.sound(self.network):
            raise self.losses.diverged(f"the weights are no longer numbers after step {self.progress.step}")

    def save(self) -> None:
        """Writes a snapshot, then the loss table. A network that holds what is no number never replaces a good one."""
        self.losses.read()
        self.require_sound()
        self.clock()
        optimisers = self.parts.optimisers
        snapshot.save(self.snapshot, self.network, optimisers, self.sampler, self.progress, self.identity)
        record.write_table(self.run.folder / "loss.csv", self.progress.table)

    def show(self) -> None:
        """Adds a preview, if there is one to be had."""
        if self.preview:
            with torch.random.fork_rng(devices=[]):  # a preview must not move the random state of what is learned
                record.write_preview(self.run.folder, self.progress.step, self.preview(self.network))

    def clock(self) -> None:
        """Adds the time since it was last called to what was spent."""
        wall, cpu = time.monotonic(), time.process_time()
        self.progress.wall += wall - self.wall
        self.progress.cpu += cpu - self.cpu
        self.wall, self.cpu = wall, cpu

    def describe(self, state: str) -> None:
        """Writes the run card."""
        self.clock()
        told = self.budget.told(self.network)
        record.write_card(self.run, self.settings, self.progress, self.sampler.images, self.architecture, state, told)

    def finish(self) -> None:
        """Leaves the whole work of a finished training, its last preview at any rate; the weights come last."""
        self.losses.read()
        self.require_sound()
        every = self.settings.preview_every
        if not every or self.progress.step % every:
            self.show()
        folder = self.run.folder
        record.write_table(folder / "loss.csv", self.progress.table)
        record.write_timelapse(folder)
        self.describe("finished")
        self.keeping.finish()
        save_weights(folder / "weights.safetensors", self.network, self.description())
        self.snapshot.unlink(missing_ok=True)
        self.keeping.clear()

    def description(self) -> dict[str, Any]:
        """What the weights' header says."""
        return {
            "architecture": self.architecture,
            "subjects": list(self.run.subjects),
            "steps": self.progress.step,
            "share": self.budget.share,
            "seed": self.run.seed,
            "code": self.run.code,
            "consents": list(self.run.consents),
        }

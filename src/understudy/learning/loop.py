"""The training loop: it is handed a network, a step and a sampler, and sees to everything else.

It leaves in the run's folder:
    weights.safetensors     the network, its architecture in the header; written last: with it the training is done
    card.json               settings, seed, code, consents, device, steps, time, memory
    loss.csv                mean losses, a row a record
    preview.png, timelapse.mp4, previews/    what it saw, at every preview
    snapshot.safetensors    all that is needed to go on; removed when the training is done
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from understudy import job
from understudy.errors import Error, Stopped
from understudy.learning import record, snapshot
from understudy.learning.machine import autocast
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
"""step(network, batch) -> losses, scalars by name; "loss" is the one that is minimised."""
Preview = Callable[[Any], NDArray[np.uint8]]
"""preview(network) -> a picture (HWC, RGB) of what it can do."""

RECORDS = 500  # rows of the loss table in a whole training
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
) -> nn.Module:
    """Trains `network` in place and leaves its work in the run's folder; goes on from a snapshot if one lies there.

    architecture: what tells this network from another; it goes into the weights' header. recipe: whatever else has to
    be the same for a snapshot to be resumed, such as losses and augmentation. Both plain values.
    Raises Stopped after SIGINT, SIGTERM or `q`, and when the run is not allowed to go on, once a snapshot is saved: at
    the next that is due, and after a minute at the latest. Error when the loss stops being a number;
    CheckpointError when the snapshot belongs to another training; DiskError when the disk is full.
    """
    if settings.threads and run.device.type == "cpu":
        torch.set_num_threads(settings.threads)
    run.folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(run.seed)
    training = _Training(network, step, sampler, run, settings, dict(architecture), dict(recipe or {}), preview)
    training.resume()
    with watch() as seen:
        remaining = range(training.progress.step, settings.steps)
        for number in job.progress(remaining, len(remaining), f"learning {run.folder.name}"):
            training.advance(number)
            if refused := training.refused():
                training.stop(f"stopped after step {number + 1}. {refused}")
            if (wish := seen.asked()) and number + 1 < settings.steps:
                training.stop(f"stopped by {wish} after step {number + 1}; run again to go on")
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
    ) -> None:
        # Strided convolutions and their gradients are fastest with the channels last, in bf16 above all.
        self.network = network.to(run.device, memory_format=torch.channels_last)  # type: ignore[call-overload] # stubs lack it
        self.step, self.sampler, self.run, self.settings = step, sampler, run, settings
        self.architecture, self.preview = architecture, preview
        self.optimiser = torch.optim.Adam(
            network.parameters(),
            lr=settings.rate,
            betas=(settings.beta1, settings.beta2),
            eps=settings.epsilon,
            fused=run.device.type in ("cpu", "cuda"),
        )
        self.progress = Progress()
        self.unread: list[Mapping[str, Tensor]] = []
        self.every = max(1, settings.steps // RECORDS)
        self.snapshot = run.folder / "snapshot.safetensors"
        self.identity = {
            "architecture": self.architecture,
            "learning": exact(settings),
            "recipe": recipe,
            "seed": run.seed,
            "subjects": list(run.subjects),
        }
        self.wall, self.cpu = time.monotonic(), time.process_time()
        self.asked = time.monotonic()

    def resume(self) -> None:
        """Goes on from the snapshot, if there is one; else shows what the untrained network does."""
        if self.snapshot.exists():
            self.progress = snapshot.load(self.snapshot, self.network, self.optimiser, self.sampler, self.identity)
            job.log(f"{self.run.folder.name}: going on from step {self.progress.step}")
        elif self.settings.preview_every:
            self.show()
        self.progress.sittings += 1

    def advance(self, number: int) -> None:
        """One step of the optimiser, and what is due after it."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.settings.rate_at(number)
        batch = next(self.sampler)
        with autocast(self.settings.precision, self.run.device):
            losses = self.step(self.network, batch)
        self.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(losses["loss"])
        self.optimiser.step()
        self.progress.step = number + 1
        # Kept as tensors: reading one would make an accelerator wait at every step.
        self.unread.append({name: value.detach() for name, value in losses.items()})
        done, settings = number + 1, self.settings
        if done % self.every == 0:
            self.read()
        if settings.preview_every and done % settings.preview_every == 0:
            self.show()
        if self.due() and done < settings.steps:
            self.save()

    def due(self) -> bool:
        """Whether a snapshot belongs to the step that is done."""
        every = self.settings.snapshot_every
        return every > 0 and self.progress.step % every == 0

    def refused(self) -> str | None:
        """Why the training may not go on. Asked with every snapshot, before the weights, and once a minute."""
        last = self.progress.step == self.settings.steps
        if not (last or self.due() or time.monotonic() - self.asked >= ASK_EVERY):
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

    def read(self) -> None:
        """Reads the losses of the last steps into the table. Raises Error at the first that is not a number."""
        first = self.progress.step - len(self.unread)
        for offset, losses in enumerate(self.unread):
            values = {name: float(value) for name, value in losses.items()}
            if not all(np.isfinite(value) for value in values.values()):
                kept = (
                    f"The last good snapshot is {self.snapshot.name}" if self.snapshot.exists() else "No snapshot yet"
                )
                raise Error(
                    self.run.folder,
                    f"the loss is no longer a number at step {first + offset + 1} ({values})",
                    f"{kept}; lower learning.rate, or learn in fp32.",
                )
            self.progress.pending.append(values)
        self.unread.clear()
        if self.progress.step % self.every == 0 and self.progress.pending:
            self.progress.table.append(record.mean(self.progress.step, self.settings, self.progress.pending))
            self.progress.pending = []

    def save(self) -> None:
        """Writes a snapshot, then the loss table."""
        self.read()
        self.clock()
        snapshot.save(self.snapshot, self.network, self.optimiser, self.sampler, self.progress, self.identity)
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
        record.write_card(self.run, self.settings, self.progress, self.sampler.images, self.architecture, state)

    def finish(self) -> None:
        """Leaves the whole work of a finished training, its last preview at any rate; the weights come last."""
        self.read()
        every = self.settings.preview_every
        if not every or self.settings.steps % every:
            self.show()
        folder = self.run.folder
        record.write_table(folder / "loss.csv", self.progress.table)
        record.write_timelapse(folder)
        self.describe("finished")
        save_weights(folder / "weights.safetensors", self.network, self.description())
        self.snapshot.unlink(missing_ok=True)

    def description(self) -> dict[str, Any]:
        """What the weights' header says."""
        return {
            "architecture": self.architecture,
            "subjects": list(self.run.subjects),
            "steps": self.progress.step,
            "seed": self.run.seed,
            "code": self.run.code,
            "consents": list(self.run.consents),
        }

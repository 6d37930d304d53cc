"""What a training of the package is watched by: a part of `runner`, in the package's environment.

It counts and records, saves checkpoints whole, and asks for the end where a budget is spent; the package learns what it
would learn by itself. This file, too, imports nothing but the standard library until it runs.
"""

import contextlib
import importlib
import json
import math
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Tell = Callable[..., None]


def of(name: str) -> Any:
    """A module of this environment, which the program's own checks know nothing of."""
    return importlib.import_module(name)


def used() -> float:
    """Seconds of processor that this process and its finished children used."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class Teller:
    """Writes events, one JSON object a line, each whole on the disk before the next."""

    def __init__(self, path: str) -> None:
        self.file = Path(path).open("a", encoding="utf-8")  # noqa: SIM115 - open as long as the process lives

    def __call__(self, event: str, **facts: Any) -> None:
        self.file.write(json.dumps({"event": event, **facts}) + "\n")
        self.file.flush()


class Spent:
    """What a training has spent: it goes on from what lies beside the checkpoint that it resumes from."""

    def __init__(self, path: Path) -> None:
        self.path, self.step, self.seconds, self.flops, self.wall, self.cpu, self.first = path, 0, 0.0, 0, 0.0, 0.0, 0
        self._clock = time.monotonic(), used()

    def resume(self, epoch: int) -> None:
        """Takes up what was spent until the checkpoint of that epoch."""
        with contextlib.suppress(OSError, ValueError, KeyError):
            known = json.loads(self.path.read_text(encoding="utf-8"))[str(epoch)]
            self.step, self.seconds, self.flops, self.wall, self.cpu = (known[name] for name in _SPENT)
        self.first = self.step

    def tick(self) -> None:
        """Adds the time since it was last called."""
        now = time.monotonic(), used()
        self.wall, self.cpu = self.wall + now[0] - self._clock[0], self.cpu + now[1] - self._clock[1]
        self._clock = now

    def keep(self, epoch: int) -> None:
        """Writes down what was spent until a checkpoint; of the last two, for a pair may be lost to a full disk."""
        self.tick()
        known: dict[str, Any] = {}
        with contextlib.suppress(OSError, ValueError):
            known = json.loads(self.path.read_text(encoding="utf-8"))
        known[str(epoch)] = {name: getattr(self, name) for name in _SPENT}
        latest = dict(sorted(known.items(), key=lambda item: int(item[0]))[-3:])
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps(latest), encoding="utf-8")
        part.replace(self.path)


_SPENT = ("step", "seconds", "flops", "wall", "cpu")


class Watch:
    """Counts steps and losses, keeps weights on the way, and asks a training to end when its budget is spent."""

    def __init__(self, order: dict[str, Any], tell: Tell, spent: Spent) -> None:
        self.order, self.tell, self.spent = order, tell, spent
        self.losses: dict[str, float] = {}
        self.wish = ""
        self.keep = sorted(order["keep"])
        self.begun = 0.0
        self.flops = 0
        self.last_step: int | None = None
        signal.signal(signal.SIGTERM, self._asked)

    def _asked(self, number: int, frame: Any) -> None:
        self.wish = signal.Signals(number).name

    def start(self, trainer: Any, model: Any) -> None:
        """Tells what is trained."""
        signal.signal(signal.SIGTERM, self._asked)  # Lightning put its own in this place
        sizes = {name: sum(p.numel() for p in getattr(model, name).parameters()) for name in ("net_g", "net_d")}
        per_epoch = len(trainer.train_dataloader)
        # An epoch that was stopped in its midst is learned again, or counts as learned: only what comes is sure.
        epoch = model._temp_epoch  # which the package hands to its trainer a moment later
        left = max(0, trainer.max_epochs - epoch) * per_epoch
        self.last_step = self.order["steps"] or (None if self._limited else self.spent.step + left)
        self.tell("training", parameters=sizes, per_epoch=per_epoch, epoch=epoch, step=self.spent.step,
                  last=self.last_step, share=self.share(), device=_device(model.device))  # fmt: skip
        self.keep = [share for share in self.keep if not Path(f"share-{share:g}.pth").exists()]
        if self.share() >= 1:
            trainer.should_stop = True

    @property
    def _limited(self) -> bool:
        return bool(self.order["seconds"] or self.order["flops"])

    def share(self) -> float:
        """The share of the budget that is spent."""
        amounts = ((self.spent.step, self.last_step), (self.spent.seconds, self.order["seconds"]),
                   (self.spent.flops, self.order["flops"]))  # fmt: skip
        return max((spent / limit for spent, limit in amounts if limit), default=0.0)

    def advance(self, trainer: Any, model: Any) -> None:
        """What is due after a step."""
        spent = self.spent
        spent.step, spent.flops = spent.step + 1, spent.flops + self.flops
        spent.tick()
        rate = model.optim_g.param_groups[0]["lr"]
        now = {"step": spent.step, "epoch": trainer.current_epoch, "rate": rate, "share": self.share()}
        self.tell("step", **now, losses=self.losses)
        bad = [name for name, value in self.losses.items() if not math.isfinite(value)]
        if bad:
            raise FloatingPointError(f"the loss {bad[0]} is no number any more at step {spent.step}")
        self._keep(model)
        if os.getppid() != self.order["caller"]:
            self.wish = "nobody, for its caller is gone,"
        if self.wish or self.share() >= 1:
            trainer.should_stop = True

    def _keep(self, model: Any) -> None:
        import torch

        while self.keep and self.keep[0] <= self.share():
            share = self.keep.pop(0)
            part = Path(f"share-{share:g}.part")
            torch.save({"model": model.net_g.state_dict(), "iteration": self.spent.step}, part)
            part.replace(f"share-{share:g}.pth")

    def end(self, trainer: Any) -> None:
        """Tells how it ended."""
        self.spent.tick()
        totals = {name: getattr(self.spent, name) for name in _SPENT}
        self.tell("trained", wish=self.wish, share=self.share(), epoch=trainer.current_epoch, **totals)


def _device(place: Any) -> str:
    """The processor's kind, or the accelerator's name."""
    import torch

    return str(torch.cuda.get_device_name(place)) if place.type == "cuda" else str(place.type)


def _as_callback(watch: Watch) -> Any:
    """The watch as Lightning wants it. Seconds are of the processor on a CPU, else of the clock."""
    base = of("lightning.pytorch.callbacks").Callback

    class Watching(base):  # type: ignore[misc, valid-type] # its base is in the other environment
        clock: Callable[[], float] = staticmethod(used)
        last = paused = 0.0  # Lightning tries a validation before it begins

        def on_train_start(self, trainer: Any, model: Any) -> None:
            self.clock = used if model.device.type == "cpu" else time.monotonic
            watch.start(trainer, model)
            self.last = self.clock()

        def on_train_batch_end(self, trainer: Any, model: Any, *rest: Any) -> None:
            now = self.clock()
            watch.spent.seconds, self.last = watch.spent.seconds + now - self.last, now
            watch.advance(trainer, model)

        def on_validation_start(self, trainer: Any, model: Any) -> None:
            self.paused = self.clock()

        def on_validation_end(self, trainer: Any, model: Any) -> None:
            self.last += self.clock() - self.paused

        def on_train_end(self, trainer: Any, model: Any) -> None:
            watch.end(trainer)

    return Watching()


def _watch_loading(training: Any, tell: Tell, spent: Spent) -> None:
    """Tells of every checkpoint how many of the network's tensors it filled: the package passes over the others."""
    import torch

    load = training.utils.load_checkpoint

    def loaded(path: Any, model: Any, *args: Any, **named: Any) -> Any:
        out = load(path, model, *args, **named)
        there = torch.load(path, map_location="cpu", weights_only=True)["model"]
        own = model.state_dict()
        same = sum(name in there and torch.equal(tensor.cpu(), there[name]) for name, tensor in own.items())
        tell("loaded", file=Path(path).name, epoch=int(out[3]), tensors=len(own), same=same)
        spent.resume(int(out[3]))
        return out

    training.utils.load_checkpoint = loaded


def _watch_saving(training: Any, tell: Tell, spent: Spent) -> None:
    """Writes a checkpoint whole or not at all, and what was spent beside it."""
    save = training.utils.save_checkpoint

    def saved(model: Any, optimiser: Any, rate: float, epoch: int, path: Any) -> None:
        part = Path(f"{path}.part")
        try:
            save(model, optimiser, rate, epoch, part)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        spent.keep(epoch)
        tell("saved", file=Path(path).name, epoch=epoch, step=spent.step)

    training.utils.save_checkpoint = saved


def _watch_losses(training: Any, watch: Watch) -> None:
    """Takes the losses from the package's own record, counts the first step's operations, and keeps what it plays."""
    cls = training.VitsLightning
    record, play, step = cls.log_dict_, cls.log_audio_dict, cls.training_step

    def recorded(self: Any, values: dict[str, Any], **named: Any) -> None:
        watch.losses |= {name: float(value) for name, value in values.items() if name.startswith("loss/")}
        record(self, values, **named)

    def played(self: Any, sounds: dict[str, Any]) -> None:
        Path("played").mkdir(exist_ok=True)
        for name, samples in sounds.items():
            part = Path("played") / f"{watch.spent.step:08}-{name.replace('/', '-')}.wav"
            of("soundfile").write(part, samples.float().cpu().numpy().reshape(-1), self.hparams.data.sampling_rate)
        play(self, sounds)

    def stepped(self: Any, batch: Any, index: int) -> None:
        with _counted(watch):
            step(self, batch, index)

    cls.log_dict_, cls.log_audio_dict, cls.training_step = recorded, played, stepped


@contextlib.contextmanager
def _counted(watch: Watch) -> Iterator[None]:
    """Counts the operations of a training's first step, forward and backward: all are taken to be alike."""
    if watch.flops:
        yield
        return
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    # PyTorch 2.13 takes the gradient of grouped weights for that of whole ones.
    mapping = {torch.ops.aten.convolution_backward: _backward}
    with FlopCounterMode(display=False, custom_mapping=mapping) as counter:
        yield
    watch.flops = int(counter.get_total_flops())


def _backward(gradient: Any, x: Any, weight: Any, *rest: Any, **unused: Any) -> int:
    """The operations of a convolution's backward pass: those of its forward pass for each gradient."""
    transposed, wanted = rest[4], rest[7]
    places = math.prod((x if transposed else gradient)[2:])
    return int(2 * x[0] * places * math.prod(weight) * sum(map(bool, wanted[:2])))


def watch(training: Any, order: dict[str, Any], tell: Tell) -> None:
    """Puts the package's module of training under watch."""
    spent = Spent(Path("spent.json"))
    watch = Watch(order, tell, spent)
    _watch_loading(training, tell, spent)
    _watch_saving(training, tell, spent)
    _watch_losses(training, watch)
    trainer = training.pl.Trainer

    def made(**named: Any) -> Any:
        # Its two callbacks draw a bar and record the processor's load: neither has a part in what is learned.
        return trainer(**named | {"callbacks": [_as_callback(watch)], "enable_progress_bar": False})

    training.pl.Trainer = made

"""The training: segments laid out, the package's four steps one after the other, each held to what it should leave."""

import contextlib
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import torch

from understudy import files, job
from understudy.errors import ConfigError, SpeechError, Stopped
from understudy.learning import Run, kept
from understudy.learning.watch import Watch, watch
from understudy.methods import Footage
from understudy.methods.sovits import beginning, environment, laying, pairs, preparing, record, weights
from understudy.methods.sovits.config import Config
from understudy.methods.sovits.running import Event, Package
from understudy.settings import plain
from understudy.speech import require_enough

TELL_EVERY: Final = 10.0  # seconds between lines that say how far it is
ASK_EVERY: Final = 60.0  # seconds after which a training asks whether it may go on
# A pair of checkpoints with both optimisers' means, at the template's size; the discriminator's has that size always.
PAIR_BYTES: Final = 1_120_000_000


class Training:
    """A training under way, in `folder`/work until it is done."""

    def __init__(self, footage: Sequence[Footage], config: Config, run: Run) -> None:
        if len(footage) != 1:
            raise ConfigError("sovits", f"learns one voice, and was given {len(footage)}", "Give the source's.")
        self.source, self.config, self.run = footage[0], config, run
        require_enough({self.source.subject: self.source.segments}, fewest=laying.FEWEST)
        self.folder = run.folder / "work"
        self.logs = self.folder / "logs/44k"
        self.name = laying.speaker(self.source.subject)
        threads = config.learning.threads or torch.get_num_threads()
        python = environment.require()
        self.package = Package(python=python, folder=self.folder, seed=run.seed, threads=threads, place=run.device)
        self.steps = record.Steps(self.folder / "steps.jsonl")
        self.state: dict[str, Any] = {}
        self.why = ""

    def learn(self) -> weights.Voice:
        """Prepares what is not prepared yet, trains on from the last whole checkpoint, and leaves the work."""
        with watch() as seen:
            package = replace(self.package, asked=seen.asked)
            self.package, self.state = preparing.prepare(self.source, self.config, self.run, package)
            told = self.train(seen)
        if told["share"] < 1:
            self.card(told, "stopped")
            raise Stopped(
                f"{self.run.folder.name}: {self.why or 'stopped'} after step {told['step']}; run again to go on"
            )
        return self.finish(told)

    # --- the training itself ------------------------------------------------------------------------------------

    def train(self, seen: Watch) -> Event:
        """Trains from the last whole pair of checkpoints; returns how it ended, whether done or stopped."""
        begin = pairs.tidy(self.logs)
        files.require_room(self.folder, (self.config.learning.keep + 2) * PAIR_BYTES)
        learning = self.config.learning
        running = self.package.stream(
            "train", command=["train", "-c", "config.json", "-m", "logs/44k"], keep=list(self.run.keep),
            steps=learning.steps, seconds=learning.seconds, flops=learning.flops,
        )  # fmt: skip
        told: Event = {}
        loaded: list[Event] = []
        for event in self.heed(running, seen):
            kind = event["event"]
            if kind == "loaded":
                pairs.require_loaded(event, begin)
                loaded.append(event)
            elif kind == "training":
                pairs.require_begun(loaded, begin)
                self.steps.resume(event["step"])
                self.begin_sitting(event)
            elif kind == "step":
                self.steps.add(event)
            elif kind in ("trained", "done"):
                told |= event
        if "share" not in told and self.why:
            raise Stopped(f"{self.run.folder.name}: {self.why} before its first step; run again to go on")
        if "share" not in told:
            raise SpeechError("so-vits-svc-fork, step train", "it ended without training", "See work/package.log.")
        self.state["peak_kib"] = max(told.get("peak_kib", 0.0), self.state["peak_kib"])  # of all sittings
        files.write_json(self.folder / preparing.STATE, self.state)
        return {**self.state["training"], **told, "peak_kib": self.state["peak_kib"]}

    def heed(self, running: Generator[Event, str | None, None], seen: Watch) -> Iterator[Event]:
        """The events of a training; whoever wishes to stop it, or withdraws consent, is heard meanwhile."""
        asked = told = time.monotonic()
        wish: str | None = None
        with contextlib.closing(running):
            while (event := _next(running, wish)) is not None:
                wish, now = None, time.monotonic()
                if not self.why and (key := seen.asked()):
                    self.why = wish = f"stopped by {key}"
                if not self.why and now - asked >= ASK_EVERY:
                    asked = now
                    self.why = wish = self.refused()
                if event.get("event") == "step" and now - told >= TELL_EVERY:
                    told = now
                    job.log(f"learning {self.run.folder.name}: {self.pace(event, now)}")
                if event:
                    yield event

    def refused(self) -> str:
        """Why the training may not go on; nothing while it may."""
        refusal = self.run.allowed()
        return f"stopped. {refusal}" if refusal else ""

    def pace(self, event: Event, now: float) -> str:
        """How far a training is, how fast, and how long it will take."""
        begun = self.state["training"]
        share, seconds = event["share"], now - self.begun
        rate = (event["step"] - begun["step"]) / max(seconds, 1e-9)
        left = seconds * (1 - share) / max(share - self.share, 1e-9)
        return f"epoch {event['epoch']}, step {event['step']} ({share:.1%}), {rate:.2f}/s, {left / 60:.0f} min left"

    def begin_sitting(self, event: Event) -> None:
        """Notes that a sitting began, and what is trained."""
        sittings = self.state.get("training", {}).get("sittings", 0) + 1
        self.state["training"] = {**event, "sittings": sittings}
        self.begun, self.share = time.monotonic(), event["share"]
        files.write_json(self.folder / preparing.STATE, self.state)
        if event["step"]:
            job.log(f"{self.run.folder.name}: going on from step {event['step']}, epoch {event['epoch']}")

    # --- after --------------------------------------------------------------------------------------------------

    def finish(self, told: Event) -> weights.Voice:
        """Leaves the whole work of a finished training; the weights come last, and what was needed for it goes."""
        folder = self.run.folder
        tensors = weights.read_generator(pairs.newest(self.logs))
        if self.config.clusters:
            tensors |= weights.read_clusters(self.folder / "centres.pt")
        record.write_losses(folder, self.steps)
        record.show(folder, self.folder / "played")
        self.card(told, "finished")
        for share in self.run.keep:
            if share < 1:
                path = self.folder / f"share-{share:g}.pth"
                weights.save(folder / kept(share), weights.read_generator(path), self.description(told, share))
        weights.save(folder / "weights.safetensors", tensors, self.description(told, told["share"]))
        beginning.clear(self.folder)
        return weights.load(folder, self.run.device)

    def description(self, told: Event, share: float) -> dict[str, Any]:
        """What the weights' header says."""
        architecture = {
            "network": weights.NETWORK,
            "config": files.read_json(self.folder / "config.json"),
            "speaker": self.name,
            "encoder": self.state["encoder"],
            "f0": self.config.f0,
        }
        return {
            "architecture": architecture,
            "subjects": [self.source.subject],
            "steps": told["step"],
            "share": share,
            "seed": self.run.seed,
            "code": self.run.code,
            "consents": list(self.run.consents),
        }

    def card(self, told: Event, state: str) -> None:
        """Writes the run card and the losses so far."""
        record.write_losses(self.run.folder, self.steps)
        architecture = {"network": weights.NETWORK, **plain(self.config.network), "encoder": plain(self.config.encoder)}
        record.write_card(
            self.run,
            self.config,
            told,
            state=state,
            pretrained=self.state["pretrained"],
            first=self.steps.first(),
            versions=environment.versions(self.package.python),
            architecture=architecture,
            sittings=self.state["training"]["sittings"],
            threads=self.package.threads,
        )


def _next(running: Generator[Event, str | None, None], wish: str | None) -> Event | None:
    """The next event, the wish told before; None at the end."""
    try:
        return running.send(wish)
    except StopIteration:
        return None

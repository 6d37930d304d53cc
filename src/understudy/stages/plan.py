"""The plan of a study: who and what is in it, and which file each rule makes.

Patterns hold Snakemake's wildcards in braces. The same words fill the same places: source, driver, clip, method, group.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from understudy.config import Study
from understudy.methods import Method, method
from understudy.people import Clip, Ledger, Manifest
from understudy.stages.withdrawn import TakenBack, taken_back


@dataclass(frozen=True)
class Plan:
    """A study that passed every check, and the places of its files."""

    study: Study
    manifest: Manifest
    ledger: Ledger
    digest: str

    @property
    def root(self) -> str:
        """The folder of what the study makes on the way."""
        return f"data/{self.study.study}"

    @property
    def receipt(self) -> str:
        """The last file of a finished version: the hashes of all its files."""
        return f"{self.version_folder}/hashes.json"

    @property
    def version_folder(self) -> str:
        """The finished version."""
        return f"results/{self.study.study}/{self.study.version}"

    @property
    def withdrawals(self) -> tuple[TakenBack, ...]:
        """After which withdrawals this version is built anew, with fewer pairs."""
        return taken_back(Path(self.version_folder))

    # --- who and what ------------------------------------------------------------------------------------------

    @cached_property
    def clips(self) -> list[str]:
        """Every clip's id, for a wildcard constraint."""
        return [re.escape(clip.id) for clip in self.manifest.clips]

    @cached_property
    def subjects(self) -> list[str]:
        """Every subject's id, for a wildcard constraint."""
        return [re.escape(subject) for subject in self.manifest.subjects]

    @cached_property
    def methods(self) -> dict[str, Method]:
        """The study's methods by name."""
        return {name: method(name) for name in self.study.methods}

    @cached_property
    def rendered(self) -> str:
        """A constraint that only the clips of synthetic actors fulfil."""
        return _any_of(clip.id for clip in self.manifest.clips if clip.synthetic)

    @cached_property
    def filmed(self) -> str:
        """A constraint that only clips that were filmed fulfil."""
        return _any_of(clip.id for clip in self.manifest.clips if not clip.synthetic)

    @cached_property
    def groups(self) -> str:
        """A constraint on the names of what is trained on."""
        return _any_of({self.group(pair.source, pair.driver) for pair in self.study.pairs})

    @cached_property
    def conversions(self) -> list[tuple[str, Clip]]:
        """(source, driver's clip) of every fake of each method."""
        return [(pair.source, clip) for pair in self.study.pairs for clip in self.manifest.of(pair.driver, "test")]

    def clip(self, clip_id: str) -> Clip:
        """The clip of that id."""
        return self.manifest.clip(clip_id)

    def group(self, source: str, driver: str) -> str:
        """The name of the training that serves the pair, in both directions."""
        return "+".join(sorted((source, driver)))

    def sides(self, group: str) -> tuple[str, str]:
        """The two subjects of a pair's training."""
        return next(
            (min(p.source, p.driver), max(p.source, p.driver))
            for p in self.study.pairs
            if self.group(p.source, p.driver) == group
        )

    def learnt(self, group: str) -> list[list[Clip]]:
        """The clips each side of a pair's training learns from."""
        first, second = self.sides(group)
        return [self.learnt_of(first, second), self.learnt_of(second, first, side="driver")]

    def learnt_of(self, subject: str, other: str, side: str = "source") -> list[Clip]:
        """The clips of `subject` that are learnt from beside `other`.

        One person on both sides has clips set apart for each; else a training serves both directions.
        """
        roles = (side,) if subject == other else ("train", "source", "driver")
        return list(self.manifest.of(subject, *roles))

    # --- places ------------------------------------------------------------------------------------------------

    @property
    def clip_pattern(self) -> str:
        """A clip in the study's format."""
        return f"{self.root}/clips/{{clip}}.mp4"

    @property
    def labels_pattern(self) -> str:
        """The exact labels of a synthetic actor's clip."""
        return f"{self.root}/clips/{{clip}}.labels.npz"

    @property
    def truth_pattern(self) -> str:
        """The exact swap of (source, driver's clip)."""
        return f"{self.root}/truths/{{source}}/{{clip}}.swap.mp4"

    @property
    def truth_faces_pattern(self) -> str:
        """Which pixels of the exact swap are face."""
        return f"{self.root}/truths/{{source}}/{{clip}}.faces.npy"

    @property
    def reenacted_pattern(self) -> str:
        """The driver's performance given by the source's actor."""
        return f"{self.root}/truths/{{source}}/{{clip}}.reenacted.mp4"

    @property
    def reference_pattern(self) -> str:
        """The embeddings that say who a subject is."""
        return f"{self.root}/references/{{subject}}.npy"

    @property
    def faceset_pattern(self) -> str:
        """The folder of a clip's faceset."""
        return f"{self.root}/facesets/{{clip}}"

    def run_pattern(self, name: str) -> str:
        """A file of a training."""
        return f"{self.root}/runs/{{method}}/{{group}}/{name}"

    @property
    def fake_pattern(self) -> str:
        """A published fake."""
        return f"{self.root}/fakes/{{method}}/{{source}}/{{clip}}.mp4"

    @property
    def fake_card_pattern(self) -> str:
        """The lineage beside a fake."""
        return f"{self.fake_pattern}.json"

    @property
    def scores_pattern(self) -> str:
        """The scores of a fake."""
        return f"{self.root}/scores/{{method}}/{{source}}/{{clip}}.parquet"

    @property
    def frames_pattern(self) -> str:
        """The values of a fake frame by frame."""
        return f"{self.root}/scores/{{method}}/{{source}}/{{clip}}.frames.parquet"

    @property
    def sanity_pattern(self) -> str:
        """The rows that say what the numbers mean."""
        return f"{self.root}/sanity/{{source}}/{{clip}}.parquet"

    @property
    def all_fakes(self) -> list[str]:
        """Every fake of the study."""
        return self._every(self.fake_pattern)

    @property
    def all_cards(self) -> list[str]:
        """The lineage of every fake."""
        return self._every(self.fake_card_pattern)

    @property
    def all_scores(self) -> list[str]:
        """Every table of scores, sanity rows included."""
        return self._every(self.scores_pattern) + [
            self.sanity_pattern.format(source=source, clip=clip.id) for source, clip in self.conversions
        ]

    @property
    def all_frames(self) -> list[str]:
        """Every table of values frame by frame."""
        return self._every(self.frames_pattern)

    @property
    def all_facesets(self) -> list[str]:
        """Every faceset."""
        return [self.faceset_pattern.format(clip=clip.id) for clip in self.manifest.clips]

    @property
    def all_runs(self) -> list[str]:
        """The files of every training."""
        trained = [name for name, module in self.methods.items() if module.TRAINS_ON == "pair"]
        names = ("weights.safetensors", "card.json", "loss.csv", "preview.png", "timelapse.mp4")
        groups = sorted({self.group(pair.source, pair.driver) for pair in self.study.pairs})
        return [self.run_pattern(name).format(method=m, group=g) for m in trained for g in groups for name in names]

    @property
    def all_truths(self) -> list[str]:
        """The truths of all pairs of synthetic actors."""
        return [
            pattern.format(source=source, clip=clip.id)
            for source, clip in self.conversions
            if self.has_truth(source, clip)
            for pattern in (self.truth_pattern, self.reenacted_pattern)
        ]

    def has_truth(self, source: str, clip: Clip) -> bool:
        """Whether source and driver are synthetic actors, so that the truth can be rendered."""
        return clip.synthetic and all(other.synthetic for other in self.manifest.of(source))

    def _every(self, pattern: str) -> list[str]:
        return [
            pattern.format(method=name, source=source, clip=clip.id)
            for name in self.methods
            for source, clip in self.conversions
        ]


def _any_of(names: Iterable[str]) -> str:
    """A regular expression of exactly these names; of none, one that nothing fulfils."""
    return "|".join(re.escape(name) for name in sorted(names)) or "(?!)"

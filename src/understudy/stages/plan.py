"""The plan of a study: who and what is in it, and all the files that it makes."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from understudy.config import Study
from understudy.methods import Method, pretrains
from understudy.people import Clip, Ledger, Manifest
from understudy.stages.places import RUN_FILES, SHOWN, Places, voiced
from understudy.stages.withdrawn import TakenBack, taken_back

LEARNT = ("train", "source", "driver")
"""The roles of clips that may be learned from."""


@dataclass(frozen=True)
class Plan(Places):
    """A study that passed every check, and the places of its files."""

    study: Study
    manifest: Manifest
    ledger: Ledger
    digest: str

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
    def entries(self) -> list[str]:
        """Every entry's name, for a wildcard constraint."""
        return [re.escape(name) for name in self.study.entries]

    @cached_property
    def pictures(self) -> list[str]:
        """The entries that make pictures, and those whose pictures are put together with a voice."""
        return [name for name in self.study.entries if self.study.family_of(name) != "voice"]

    @cached_property
    def voices(self) -> list[str]:
        """The entries that make voices alone."""
        return [name for name in self.study.entries if self.study.family_of(name) == "voice"]

    @cached_property
    def audible(self) -> list[str]:
        """The entries whose sound is a fake's: those that make voices, and what is put together with one."""
        return [name for name in self.study.entries if self.study.heard(name)]

    @cached_property
    def seen(self) -> list[Clip]:
        """The clips in which faces are looked for: none where the study makes voices alone."""
        return [clip for clip in self.manifest.clips if not clip.heard] if self.pictures else []

    @cached_property
    def methods(self) -> dict[str, Method]:
        """The module of each entry of the study, merges included."""
        return {name: self.study.module(name) for name in self.study.entries}

    @cached_property
    def learning(self) -> list[str]:
        """The entries that are trained."""
        return [name for name in self.study.methods if self.study.learns(name)]

    @cached_property
    def adopted(self) -> list[str]:
        """The entries that draw with weights which their authors published."""
        return [name for name in self.study.methods if self.study.adopts(name)]

    @cached_property
    def pretrained(self) -> list[str]:
        """The entries whose trainings begin from weights that the study pretrains."""
        return [name for name in self.learning if pretrains(self.methods[name], self.study.settings(name))]

    @property
    def strangers(self) -> dict[str, list[Clip]]:
        """Whom a pretraining learns from, and from which clips."""
        clips = [clip for clip in self.seen if clip.role == "pretrain"]
        return {
            subject: [c for c in clips if c.subject == subject] for subject in dict.fromkeys(c.subject for c in clips)
        }

    @cached_property
    def rendered(self) -> str:
        """A constraint that only the clips of synthetic actors fulfil that are seen."""
        return any_of(clip.id for clip in self.manifest.clips if clip.synthetic and not clip.heard)

    @cached_property
    def said(self) -> str:
        """A constraint that only the clips of synthetic actors fulfil that are heard alone."""
        return any_of(clip.id for clip in self.manifest.clips if clip.synthetic and clip.heard)

    @cached_property
    def filmed(self) -> str:
        """A constraint that only clips that were filmed fulfil."""
        return any_of(clip.id for clip in self.manifest.clips if not clip.synthetic)

    @cached_property
    def groups(self) -> str:
        """A constraint on the names of what is trained on."""
        return any_of(self._sides)

    @cached_property
    def conversions(self) -> list[tuple[str, Clip]]:
        """(source, driver's clip) of every fake of each method that makes pictures."""
        return [both for both in self.spoken if both[1] in self.seen]

    @cached_property
    def spoken(self) -> list[tuple[str, Clip]]:
        """(source, driver's clip) of every fake of each method that makes voices."""
        return [(pair.source, clip) for pair in self.study.pairs for clip in self.manifest.of(pair.driver, "test")]

    def conversions_of(self, name: str) -> list[tuple[str, Clip]]:
        """(source, driver's clip) of every fake of an entry."""
        return self.spoken if name in self.voices else self.conversions

    @cached_property
    def fakes(self) -> list[tuple[str, int, str, Clip]]:
        """(entry, seed, source, driver's clip) of every fake."""
        return [
            (name, seed, source, clip)
            for name in self.methods
            for seed in self.study.seeds(name)
            for source, clip in self.conversions_of(name)
        ]

    def weights_of(self, name: str, seed: int | str, group: str) -> str:
        """The weights of one training."""
        return self.run_pattern(RUN_FILES[0]).format(method=name, seed=seed, group=group)

    @cached_property
    def trainings(self) -> list[tuple[str, int, str]]:
        """(entry, seed, group) of every training."""
        groups = {
            name: sorted({self.study.group(name, pair.source, pair.driver) for pair in self.study.pairs})
            for name in self.learning
        }
        return [(name, seed, group) for name in groups for seed in self.study.seeds(name) for group in groups[name]]

    @cached_property
    def tried(self) -> list[tuple[str, Clip]]:
        """The conversions on which the metrics are tried on known degradations: spread over all that have a truth."""
        return self._spread(self.conversions, self.has_truth)

    @cached_property
    def tried_voices(self) -> list[tuple[str, Clip]]:
        """The same of voices."""
        return self._spread(self.spoken if self.audible else [], self.has_true_voice)

    def _spread(
        self, conversions: Sequence[tuple[str, Clip]], known: Callable[[str, Clip], bool]
    ) -> list[tuple[str, Clip]]:
        exact = [(source, clip) for source, clip in conversions if known(source, clip)]
        wanted = min(self.study.validity, len(exact))
        return [exact[number * len(exact) // wanted] for number in range(wanted)]

    def clip(self, clip_id: str) -> Clip:
        """The clip of that id."""
        return self.manifest.clip(clip_id)

    @cached_property
    def _sides(self) -> dict[str, tuple[str, ...]]:
        """Group of subjects -> these, in the order in which a training is given them; of all that is trained."""
        found: dict[str, tuple[str, ...]] = {}
        everybody = sorted({subject for pair in self.study.pairs for subject in (pair.source, pair.driver)})
        for name in self.learning:
            trained_on = self.methods[name].TRAINS_ON
            for pair in self.study.pairs:
                both = [pair.source] if trained_on == "source" else sorted((pair.source, pair.driver))
                group = self.study.group(name, pair.source, pair.driver)
                found[group] = tuple(everybody if trained_on == "group" else both)
        return found

    def sides(self, group: str) -> tuple[str, ...]:
        """The subjects that a training learns from: the two of a pair, or everybody of the study."""
        return self._sides[group]

    def learnt(self, group: str) -> list[list[Clip]]:
        """The clips of each subject that a training learns faces from."""
        return [[clip for clip in side if clip in self.seen] for side in self.listened(group)]

    def listened(self, group: str) -> list[list[Clip]]:
        """The clips of each subject that a training learns a voice from: those without a picture, too."""
        sides = self.sides(group)
        if len(sides) == 2 and sides[0] == sides[1]:
            roles = [(side,) if self.manifest.of(sides[0], side) else LEARNT for side in ("source", "driver")]
            return [list(self.manifest.of(sides[0], *learnt)) for learnt in roles]
        return [list(self.manifest.of(subject, *LEARNT)) for subject in sides]

    def learnt_by(self, name: str, group: str) -> list[Clip]:
        """The clips that a training of a method learns from: seen ones of faces, all that are heard of voices."""
        sides = self.listened(group) if name in self.voices else self.learnt(group)
        return [clip for side in sides for clip in side]

    def learnt_of(self, subject: str, other: str, side: str = "source") -> list[Clip]:
        """The clips of `subject` that are learnt from beside `other`.

        One person on both sides has clips set apart for each; else a training serves both directions.
        """
        roles = (side,) if subject == other else LEARNT
        return [clip for clip in self.manifest.of(subject, *roles) if clip in self.seen]

    # --- all that is made -----------------------------------------------------------------------------------

    @property
    def networks(self) -> list[str]:
        """The weights that the user brought for metrics."""
        return [str(network.path) for network in self.study.networks.values()]

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
        seen = [self.sanity_pattern.format(source=source, clip=clip.id) for source, clip in self.conversions]
        made = self._every(self.scores_pattern, self.pictures) + seen
        if not self.audible:
            return made
        heard = [voiced(self.sanity_pattern).format(source=source, clip=clip.id) for source, clip in self.spoken]
        return made + self._every(voiced(self.scores_pattern), self.audible) + heard

    @property
    def all_frames(self) -> list[str]:
        """Every table of values frame by frame."""
        return self._every(self.frames_pattern, self.pictures)

    @property
    def all_facesets(self) -> list[str]:
        """Every faceset."""
        return [self.faceset_pattern.format(clip=clip.id) for clip in self.seen]

    @property
    def learnt_voices(self) -> list[Clip]:
        """The clips whose speech is cut into segments: all that a voice is learned from, or is known by."""
        pairs = [subject for pair in self.study.pairs for subject in (pair.source, pair.driver)]
        return [clip for name in dict.fromkeys(pairs if self.audible else ()) for clip in self.recordings(name)]

    def recordings(self, subject: str) -> list[Clip]:
        """The clips that say how a subject sounds."""
        return list(self.manifest.of(subject, *LEARNT))

    @property
    def all_segments(self) -> list[str]:
        """The speech that was cut of every clip that a voice is learned from."""
        return [self.speech_pattern.format(clip=clip.id) for clip in self.learnt_voices]

    @property
    def all_runs(self) -> list[str]:
        """The files of every training, and of every pretraining."""
        of_pairs = [
            self.run_pattern(name).format(method=method, seed=seed, group=group)
            for method, seed, group in self.trainings
            for name in (*RUN_FILES, *(() if method in self.voices else SHOWN))
        ]
        before = [self.pretrained_pattern(name).format(method=m) for m in self.pretrained for name in RUN_FILES]
        return of_pairs + before

    @property
    def all_curves(self) -> list[str]:
        """What every training was worth on its way; none when the study asks for no curve."""
        drawn = [training for training in self.trainings if training[0] not in self.voices and self.study.curve]
        return [self.curve_pattern.format(method=m, seed=s, group=g) for m, s, g in drawn]

    @property
    def all_timings(self) -> list[str]:
        """How long each conversion took."""
        return self._every(self.timing_pattern)

    @property
    def all_validities(self) -> list[str]:
        """What the metrics make of known degradations."""
        heard = voiced(self.validity_pattern)
        return [
            *(self.validity_pattern.format(source=source, clip=clip.id) for source, clip in self.tried),
            *(heard.format(source=source, clip=clip.id) for source, clip in self.tried_voices),
        ]

    def has_truth(self, source: str, clip: Clip) -> bool:
        """Whether source and driver are synthetic actors, so that the truth can be rendered."""
        return clip.synthetic and all(other.synthetic for other in self.manifest.of(source))

    def has_true_voice(self, source: str, clip: Clip) -> bool:
        """Whether the source is an actor who can say the driver's words in the driver's time."""
        return Plan.has_truth(self, source, clip)

    def _every(self, pattern: str, names: Iterable[str] | None = None) -> list[str]:
        wanted = self.methods if names is None else set(names)
        return [
            pattern.format(method=name, seed=seed, source=source, clip=clip.id)
            for name, seed, source, clip in self.fakes
            if name in wanted
        ]


def any_of(names: Iterable[str]) -> str:
    """A regular expression of exactly these names; of none, one that nothing fulfils."""
    return "|".join(re.escape(name) for name in sorted(names)) or "(?!)"

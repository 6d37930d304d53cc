"""What the jobs that measure are given: what a fake is held against, and how.

Snakemake compares plain values only, so settings travel as YAML values and the stages build the dataclasses again.
"""

from typing import Any

from understudy.people import Clip
from understudy.settings import plain
from understudy.stages.places import RUN_FILES
from understudy.stages.staging import Staging


class Measuring(Staging):
    """A plan that also knows what measures a fake, by the rule's wildcards."""

    def evidence(self, source: str, clip_id: str) -> dict[str, str]:
        """What a fake of (source, clip) is measured against, by name."""
        clip = self.clip(clip_id)
        places = {
            "driver": self.changed(source, clip_id),
            "faceset": self.changed_faceset(source, clip_id),
            "source_reference": self.reference_pattern.format(subject=source),
            "driver_reference": self.reference_pattern.format(subject=clip.subject),
            **self.truths(source, clip),
        }
        if self.animates:
            places["framing"] = self.framing_pattern.format(clip=clip_id)
        if self.redubs:
            places["speech"] = self._clip(clip)
        if clip.synthetic and self.study.family == "swap":
            places["labels"] = self.labels_pattern.format(clip=clip_id)
        return places

    @property
    def gallery(self) -> dict[str, str]:
        """The references of everybody in the study, among whom a fake's face is looked for."""
        subjects = dict.fromkeys(clip.subject for clip in self.seen)
        return {subject: self.reference_pattern.format(subject=subject) for subject in subjects}

    def other_clip(self, source: str) -> str:
        """A clip of the source that nothing was learnt from, or else the last of its clips."""
        clips = [clip for clip in self.manifest.of(source, "test") if clip in self.seen]
        return self.film((clips or [clip for clip in self.manifest.of(source) if clip in self.seen])[-1])

    def measure_job(self, name: str, seed: str, source: str, clip_id: str) -> dict[str, Any]:
        """Rule `measure`."""
        return {"names": self._names(name, seed, source, clip_id), **self._judging(), **self._asked()}

    def sanity_job(self, source: str, clip_id: str) -> dict[str, Any]:
        """Rule `sanity`: the family is that of the pair's first method, whose consent covers the comparison."""
        return {
            **self.measure_job(self.pictures[0], str(self.study.seed), source, clip_id),
            "crf": self.study.publish.crf,
            "preset": self.study.publish.preset,
        }

    def wrong_truth(self, source: str, clip_id: str) -> list[str]:
        """The truth of another source on the same clip: what a wrong identity looks like. None without another."""
        driver = self.clip(clip_id).subject
        others = [p.source for p in self.study.pairs if p.driver == driver and p.source not in (source, driver)]
        known = [other for other in others if self.has_truth(other, self.clip(clip_id))]
        return [self.truth(other, self.clip(clip_id)) for other in known[:1]]

    def validity_job(self, source: str, clip_id: str) -> dict[str, Any]:
        """Rule `validity`."""
        return {**self.sanity_job(source, clip_id), "wrong": self.wrong_truth(source, clip_id)}

    def _judging(self) -> dict[str, Any]:
        """How fakes are measured."""
        return {
            "chosen": plain(self.study.metrics),
            "embed_every": self.study.embed_every,
            "gallery": self.gallery,
            "networks": plain(self.study.networks) | self.own_networks,
        }

    def pretraining(self, name: str) -> list[str]:
        """The weights that an entry's trainings begin from, where the study makes them."""
        return [self.pretrained_pattern(RUN_FILES[0]).format(method=name)] if name in self.pretrained else []

    @property
    def own_networks(self) -> dict[str, dict[str, str]]:
        """The files of networks for metrics that the study trains itself."""
        made = self.study.own_networks.items()
        return {network: {"path": path} for network, name in made for path in self.pretraining(name)}

    @property
    def judges(self) -> list[str]:
        """The files of all weights that metrics look or listen through."""
        return [*self.networks, *(network["path"] for network in self.own_networks.values())]

    def _conversion(self, name: str, seed: str, source: str, clip: Clip) -> dict[str, Any]:
        """One conversion without a fake: who, on which clip, with which files."""
        places = self.evidence(source, clip.id)
        return {
            "names": self._names(name, seed, source, clip.id),
            "evidence": places,
            "source_facesets": self.source_facesets(source, clip.id),
            "source_clips": self.source_clips(source, clip.id),
            "faceset": self._faceset(clip),
            "clip": self.film(clip),
            "files": [*places.values(), *self.source_facesets(source, clip.id), *self.source_clips(source, clip.id)],
        }

    def _names(self, name: str, seed: str, source: str, clip_id: str) -> dict[str, Any]:
        return {
            "study": self.study.study,
            "version": self.study.version,
            "method": name,
            "family": self.methods[name].FAMILY,
            "source": source,
            "driver": self.clip(clip_id).subject,
            "clip": clip_id,
            "seed": int(seed),
        }

"""What the jobs that measure are given: what a fake is held against, and how.

Snakemake compares plain values only, so settings travel as YAML values and the stages build the dataclasses again.
"""

from typing import Any

from understudy.people import Clip
from understudy.settings import plain
from understudy.stages.plan import Plan


class Measuring(Plan):
    """A plan that also knows what measures a fake, by the rule's wildcards."""

    def evidence(self, source: str, clip_id: str) -> dict[str, str]:
        """What a fake of (source, clip) is measured against, by name."""
        clip = self.clip(clip_id)
        places = {
            "driver": self._clip(clip),
            "faceset": self._faceset(clip),
            "source_reference": self.reference_pattern.format(subject=source),
            "driver_reference": self.reference_pattern.format(subject=clip.subject),
        }
        if self.has_truth(source, clip):
            truths = {
                "truth": self.truth_pattern,
                "masks": self.truth_faces_pattern,
                "reenacted": self.reenacted_pattern,
            }
            places |= {name: pattern.format(source=source, clip=clip_id) for name, pattern in truths.items()}
        if clip.synthetic:
            places["labels"] = self.labels_pattern.format(clip=clip_id)
        return places

    @property
    def gallery(self) -> dict[str, str]:
        """The references of everybody in the study, among whom a fake's face is looked for."""
        return {subject: self.reference_pattern.format(subject=subject) for subject in self.manifest.subjects}

    def other_clip(self, source: str) -> str:
        """A clip of the source that nothing was learnt from, or else the last of its clips."""
        clips = self.manifest.of(source, "test") or self.manifest.of(source)
        return self._clip(clips[-1])

    def measure_job(self, name: str, seed: str, source: str, clip_id: str) -> dict[str, Any]:
        """Rule `measure`."""
        return {"names": self._names(name, seed, source, clip_id), **self._judging(), **self._asked()}

    def sanity_job(self, source: str, clip_id: str) -> dict[str, Any]:
        """Rule `sanity`: the family is that of the pair's first method, whose consent covers the comparison."""
        return {
            **self.measure_job(next(iter(self.methods)), str(self.study.seed), source, clip_id),
            "crf": self.study.publish.crf,
            "preset": self.study.publish.preset,
        }

    def wrong_truth(self, source: str, clip_id: str) -> list[str]:
        """The truth of another source on the same clip: what a wrong identity looks like. None without another."""
        driver = self.clip(clip_id).subject
        others = [p.source for p in self.study.pairs if p.driver == driver and p.source not in (source, driver)]
        known = [other for other in others if self.has_truth(other, self.clip(clip_id))]
        return [self.truth_pattern.format(source=other, clip=clip_id) for other in known[:1]]

    def validity_job(self, source: str, clip_id: str) -> dict[str, Any]:
        """Rule `validity`."""
        return {**self.sanity_job(source, clip_id), "wrong": self.wrong_truth(source, clip_id)}

    def _judging(self) -> dict[str, Any]:
        """How fakes are measured."""
        return {
            "chosen": plain(self.study.metrics),
            "embed_every": self.study.embed_every,
            "gallery": self.gallery,
            "networks": plain(self.study.networks),
        }

    def source_facesets(self, source: str, clip_id: str) -> list[str]:
        """The facesets of the source that a conversion may use."""
        return [self._faceset(clip) for clip in self._source(source, clip_id)]

    def source_clips(self, source: str, clip_id: str) -> list[str]:
        """The clips of the source that a conversion may use."""
        return [self._clip(clip) for clip in self._source(source, clip_id)]

    def _conversion(self, name: str, seed: str, source: str, clip: Clip) -> dict[str, Any]:
        """One conversion without a fake: who, on which clip, with which files."""
        places = self.evidence(source, clip.id)
        return {
            "names": self._names(name, seed, source, clip.id),
            "evidence": places,
            "source_facesets": self.source_facesets(source, clip.id),
            "source_clips": self.source_clips(source, clip.id),
            "files": [*places.values(), *self.source_facesets(source, clip.id), *self.source_clips(source, clip.id)],
        }

    # --- parts --------------------------------------------------------------------------------------------------

    def _clip(self, clip: Clip) -> str:
        return self.clip_pattern.format(clip=clip.id)

    def _faceset(self, clip: Clip) -> str:
        return self.faceset_pattern.format(clip=clip.id)

    def _source(self, source: str, clip_id: str) -> list[Clip]:
        """The clips of a source that a conversion of `clip_id` may use: those its trainings learn from."""
        return self.learnt_of(source, self.clip(clip_id).subject)

    def _module(self, name: str) -> str:
        return f"understudy.methods.{self.study.module_name(name)}"

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

    def _film(self) -> dict[str, Any]:
        return {"size": self.study.cast.size, "crf": self.study.media.crf}

    def _asked(self) -> dict[str, Any]:
        """Where a job asks for consent, and for which study."""
        return {"consents": str(self.study.consents), "study": self.study.study}

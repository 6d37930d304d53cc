"""What each job of the workflow is given: its input files, and its settings as plain values.

Snakemake compares plain values only, so settings travel as YAML values and the stages build the dataclasses again.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from understudy import cast
from understudy.people import Clip
from understudy.settings import plain, read_yaml
from understudy.stages.check import check_study
from understudy.stages.plan import Plan

LEARNT = ("train", "source", "driver")


class Jobs(Plan):
    """A plan that also knows the inputs and settings of each rule, by the rule's wildcards."""

    # --- synthetic actors and footage ---------------------------------------------------------------------------

    def render_job(self, clip_id: str) -> dict[str, Any]:
        """Rule `render`."""
        clip = self.clip(clip_id)
        actor, performance = clip.performance
        return {
            "subject": clip.subject,
            "actor": actor,
            "performance": performance,
            **self._film(),
            **self._asked(),
        } | {"digest": clip.sha256}

    def truth_job(self, source: str, clip_id: str) -> dict[str, Any]:
        """Rule `truth`."""
        clip = self.clip(clip_id)
        actor, performance = clip.performance
        likeness = self.manifest.of(source)[0].performance[0]
        return {
            "source": source,
            "driver": clip.subject,
            "source_actor": likeness,
            "actor": actor,
            "performance": performance,
            "digests": [cast.digest(likeness, performance), cast.digest(actor, performance)],
            **self._film(),
            **self._asked(),
        }

    def footage(self, clip_id: str) -> str:
        """The file of a filmed clip."""
        return self.clip(clip_id).path

    def ingest_job(self, clip_id: str) -> dict[str, Any]:
        """Rule `ingest`."""
        clip = self.clip(clip_id)
        return {
            "clip_id": clip.id,
            "subject": clip.subject,
            "manifest": str(self.study.manifest),
            **plain(self.study.media),
            **self._asked(),
        }

    # --- faces --------------------------------------------------------------------------------------------------

    def reference_clips(self, subject: str) -> list[str]:
        """The clips that say who a subject is: those that may be learnt from, or all where there are none."""
        clips = self.manifest.of(subject, *LEARNT) or self.manifest.of(subject)
        return [self.clip_pattern.format(clip=clip.id) for clip in clips]

    def reference_of(self, clip_id: str) -> str:
        """The reference of the clip's subject."""
        return self.reference_pattern.format(subject=self.clip(clip_id).subject)

    def reference_job(self, subject: str) -> dict[str, Any]:
        """Rule `reference`."""
        return {"subject": subject, "settings": plain(self.study.extract), **self._asked()}

    def extract_job(self, clip_id: str) -> dict[str, Any]:
        """Rule `extract`."""
        return self.reference_job(self.clip(clip_id).subject)

    # --- learning and converting --------------------------------------------------------------------------------

    def training_facesets(self, group: str) -> list[str]:
        """The facesets of all that a training learns from."""
        return [self._faceset(clip) for side in self.learnt(group) for clip in side]

    def training_clips(self, group: str) -> list[str]:
        """The clips of all that a training learns from."""
        return [self._clip(clip) for side in self.learnt(group) for clip in side]

    def train_job(self, name: str, group: str) -> dict[str, Any]:
        """Rule `train`."""
        return {
            "method_name": name,
            "settings": self._settings(name),
            "subjects": list(self.sides(group)),
            "facesets": [[self._faceset(clip) for clip in side] for side in self.learnt(group)],
            "clips": [[self._clip(clip) for clip in side] for side in self.learnt(group)],
            "seed": self.study.seed,
            **self._asked(),
        }

    @property
    def training_threads(self) -> int:
        """The cores that the study's most demanding training computes on."""
        learnings = (getattr(settings, "learning", None) for settings in self.study.methods.values())
        return max([1, *(int(learning.threads) for learning in learnings if learning is not None)])

    def weights(self, name: str, source: str, clip_id: str) -> list[str]:
        """The weights that a conversion needs: none for a method that learns nothing."""
        if self.methods[name].TRAINS_ON == "nothing":
            return []
        group = self.group(source, self.clip(clip_id).subject)
        return [self.run_pattern("weights.safetensors").format(method=name, group=group)]

    def source_facesets(self, source: str, clip_id: str) -> list[str]:
        """The facesets of the source that a conversion may use."""
        return [self._faceset(clip) for clip in self._source(source, clip_id)]

    def source_clips(self, source: str, clip_id: str) -> list[str]:
        """The clips of the source that a conversion may use."""
        return [self._clip(clip) for clip in self._source(source, clip_id)]

    def convert_job(self, name: str, source: str, clip_id: str) -> dict[str, Any]:
        """Rule `convert`."""
        clip = self.clip(clip_id)
        return {
            "method_name": name,
            "settings": self._settings(name),
            "source": source,
            "driver": clip.subject,
            "clip_id": clip.id,
            "version": self.study.version,
            "seed": self.study.seed,
            "publishing": plain(self.study.publish),
            **self._asked(),
        }

    # --- measuring ----------------------------------------------------------------------------------------------

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
        return places

    def other_clip(self, source: str) -> str:
        """A clip of the source that nothing was learnt from, or else the last of its clips."""
        clips = self.manifest.of(source, "test") or self.manifest.of(source)
        return self._clip(clips[-1])

    def measure_job(self, name: str, source: str, clip_id: str) -> dict[str, Any]:
        """Rule `measure`."""
        return {"names": self._names(name, source, clip_id), "chosen": plain(self.study.metrics), **self._asked()}

    def sanity_job(self, source: str, clip_id: str) -> dict[str, Any]:
        """Rule `sanity`: the family is that of the pair's first method, whose consent covers the comparison."""
        return {
            **self.measure_job(next(iter(self.methods)), source, clip_id),
            "crf": self.study.publish.crf,
            "preset": self.study.publish.preset,
        }

    # --- the end ------------------------------------------------------------------------------------------------

    @property
    def metric_modules(self) -> list[str]:
        """The modules of the chosen metrics, whose edits measure anew."""
        return [f"understudy.metrics.{name}" for name in self.study.metrics]

    @property
    def report_job(self) -> dict[str, Any]:
        """Rule `report`."""
        return {"settings": plain(self.study), "root": self.root, "digest": self.digest}

    @property
    def close_job(self) -> dict[str, Any]:
        """Rule `close`."""
        return {"settings": plain(self.study), "root": self.root, "digest": self.digest}

    # --- parts --------------------------------------------------------------------------------------------------

    def _clip(self, clip: Clip) -> str:
        return self.clip_pattern.format(clip=clip.id)

    def _faceset(self, clip: Clip) -> str:
        return self.faceset_pattern.format(clip=clip.id)

    def _source(self, source: str, clip_id: str) -> list[Clip]:
        """The clips of a source that a conversion of `clip_id` may use: those its trainings learn from."""
        return self.learnt_of(source, self.clip(clip_id).subject)

    def _settings(self, name: str) -> dict[str, Any]:
        return dict(plain(self.study)["methods"][name])

    def _names(self, name: str, source: str, clip_id: str) -> dict[str, Any]:
        return {
            "study": self.study.study,
            "version": self.study.version,
            "method": name,
            "family": self.methods[name].FAMILY,
            "source": source,
            "driver": self.clip(clip_id).subject,
            "clip": clip_id,
            "seed": self.study.seed,
        }

    def _film(self) -> dict[str, Any]:
        return {"size": self.study.cast.size, "crf": self.study.media.crf}

    def _asked(self) -> dict[str, Any]:
        """Where a job asks for consent, and for which study."""
        return {"consents": str(self.study.consents), "study": self.study.study}


def plan_study(settings: dict[str, Any], files: Iterable[str] = ()) -> Jobs:
    """The plan of the study that `settings` (Snakemake's config) describe. Raises the Error that stops it.

    files: the YAML files that Snakemake merged into the settings; of two equal keys it takes the last in silence.
    """
    for file in files:
        read_yaml(Path(file))
    return Jobs(*check_study(settings))

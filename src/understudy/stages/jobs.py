"""What each job of the workflow is given: its input files, and its settings as plain values.

Snakemake compares plain values only, so settings travel as YAML values and the stages build the dataclasses again.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from understudy.learning.keeping import kept
from understudy.settings import plain, read_yaml
from understudy.stages.check import check_study
from understudy.stages.places import RUN_FILES
from understudy.stages.plan import LEARNT
from understudy.stages.voicing import Voicing


class Jobs(Voicing):
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
        clips = [clip for clip in self.manifest.of(subject, *LEARNT) if clip in self.seen]
        clips = clips or [clip for clip in self.manifest.of(subject) if clip in self.seen]
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
        return [self.film(clip) for side in self.learnt(group) for clip in side]

    def train_job(self, name: str, seed: str, group: str) -> dict[str, Any]:
        """Rule `train`."""
        known = self.strangers if name in self.pretrained else {}
        return {
            "method_name": self.study.module_name(name),
            "settings": self.study.training_settings(name),
            "subjects": list(self.sides(group)),
            "facesets": [[self._faceset(clip) for clip in side] for side in self.learnt(group)],
            "clips": [[self.film(clip) for clip in side] for side in self.learnt(group)],
            "seed": int(seed),
            "keep": list(self.study.curve),
            "pretrained": [self.pretrained_pattern(RUN_FILES[0]).format(method=name)] if known else [],
            "strangers": list(known),
            **self._asked(),
        }

    def train_code(self, name: str) -> tuple[str, str]:
        """What a training runs: the script and the method's module."""
        return "scripts/train.py", self._module(name)

    @property
    def pretraining_facesets(self) -> list[str]:
        """The facesets of all that a pretraining learns from."""
        return [self._faceset(clip) for clips in self.strangers.values() for clip in clips]

    @property
    def pretraining_clips(self) -> list[str]:
        """The clips of all that a pretraining learns from."""
        return [self.film(clip) for clips in self.strangers.values() for clip in clips]

    def pretrain_job(self, name: str) -> dict[str, Any]:
        """Rule `pretrain`."""
        return {
            "method_name": self.study.module_name(name),
            "settings": self.study.training_settings(name),
            "subjects": list(self.strangers),
            "facesets": [[self._faceset(clip) for clip in clips] for clips in self.strangers.values()],
            "clips": [[self.film(clip) for clip in clips] for clips in self.strangers.values()],
            "seed": self.study.seed,
            **self._asked(),
        }

    def pretrain_code(self, name: str) -> tuple[str, str]:
        """What a pretraining runs."""
        return "scripts/pretrain.py", self._module(name)

    def kept(self, name: str, seed: str, group: str) -> list[str]:
        """The weights of a training at the shares of its budget, the whole last."""
        files = (*map(kept, self.study.curve), RUN_FILES[0])
        return [self.run_pattern(file).format(method=name, seed=seed, group=group) for file in files]

    @property
    def training_threads(self) -> int:
        """The cores that the study's most demanding training computes on."""
        learnings = (getattr(self.study.settings(name), "learning", None) for name in self.study.methods)
        return max([1, *(int(learning.threads) for learning in learnings if learning is not None)])

    def convert_job(self, name: str, seed: str, source: str, clip_id: str) -> dict[str, Any]:
        """Rule `convert`."""
        clip = self.clip(clip_id)
        return {
            "entry": name,
            "trained": self.study.trained(name),
            "method_name": self.study.module_name(name),
            "settings": plain(self.study.settings(name)),
            "source": source,
            "driver": clip.subject,
            "clip_id": clip.id,
            "version": self.study.version,
            "seed": int(seed),
            "publishing": plain(self.study.publish),
            "voice": self.voice_of(name, int(seed), source, clip_id),
            **self._asked(),
        }

    def convert_code(self, name: str) -> tuple[str, ...]:
        """What a conversion runs."""
        return "scripts/convert.py", self._module(name), *self.voice_code(name)

    def curve_job(self, name: str, seed: str, group: str) -> dict[str, Any]:
        """Rule `curve`: the conversions that a training serves and that have a truth."""
        served = [
            (source, clip)
            for source, clip in self.conversions
            if self.study.group(name, source, clip.subject) == group and self.has_truth(source, clip)
        ]
        return {
            "method_name": self.study.module_name(name),
            "settings": plain(self.study.settings(name)),
            "shares": [*self.study.curve, 1.0],
            "conversions": [self._conversion(name, seed, source, clip) for source, clip in served],
            **self._asked(),
        }

    def curve_code(self, name: str) -> tuple[str, str]:
        """What the measuring of a learning curve runs."""
        return "scripts/curve.py", self._module(name)

    def curve_evidence(self, name: str, group: str) -> list[str]:
        """The files that a learning curve is measured on."""
        job = self.curve_job(name, "0", group)["conversions"]
        return list(dict.fromkeys(str(path) for each in job for path in each["files"]))

    # --- the end ------------------------------------------------------------------------------------------------

    @property
    def metric_modules(self) -> list[str]:
        """The modules of the chosen metrics, whose edits measure anew."""
        return [f"understudy.metrics.{name}" for name in self.study.metrics]

    @property
    def gather_job(self) -> dict[str, Any]:
        """Rule `gather`: whose each run card and each timing is."""
        runs = [
            {
                "method": m,
                "seed": s,
                "group": g,
                "card": self.run_pattern("card.json").format(method=m, seed=s, group=g),
            }
            for m, s, g in self.trainings
        ]
        timings = [
            {
                "method": name,
                "seed": seed,
                "unit": "sound" if name in self.voices else "picture",
                "group": self.study.group(name, source, clip.subject),
                "file": self.timing_pattern.format(method=name, seed=seed, source=source, clip=clip.id),
            }
            for name, seed, source, clip in self.fakes
        ]
        return {"names": {"study": self.study.study, "version": self.study.version}, "runs": runs, "timings": timings}

    @property
    def report_job(self) -> dict[str, Any]:
        """Rule `report`."""
        return {"settings": plain(self.study), "root": self.root, "digest": self.digest}

    @property
    def close_job(self) -> dict[str, Any]:
        """Rule `close`."""
        return {"settings": plain(self.study), "root": self.root, "digest": self.digest}


def plan_study(settings: dict[str, Any], files: Iterable[str] = ()) -> Jobs:
    """The plan of the study that `settings` (Snakemake's config) describe. Raises the Error that stops it.

    files: the YAML files that Snakemake merged into the settings; of two equal keys it takes the last in silence.
    """
    for file in files:
        read_yaml(Path(file))
    return Jobs(*check_study(settings))

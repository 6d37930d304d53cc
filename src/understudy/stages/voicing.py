"""What the jobs that make and measure voices are given: whose speech is learned from, said, and held against what.

A voice says the driver's words, in the driver's time, as the source would. It is put under the driver's own film, or,
where a study combines the two, under the picture that a method of faces made.
"""

from typing import Any

from understudy import cast
from understudy.settings import plain
from understudy.stages.measuring import Measuring


class Voicing(Measuring):
    """A plan that also knows the jobs of voices, by the rule's wildcards."""

    # --- speech -------------------------------------------------------------------------------------------------

    def say_job(self, clip_id: str) -> dict[str, Any]:
        """Rule `say`."""
        clip = self.clip(clip_id)
        actor, saying = clip.performance
        return {
            "subject": clip.subject,
            "actor": actor,
            "saying": saying,
            "digest": clip.sha256,
            "crf": self.study.media.crf,
            **self._asked(),
        }

    def speech_job(self, clip_id: str) -> dict[str, Any]:
        """Rule `speech`."""
        return {"subject": self.clip(clip_id).subject, "settings": plain(self.study.segmenting), **self._asked()}

    def segments_of(self, subject: str) -> list[str]:
        """The speech of a subject, cut into segments, a folder a clip."""
        return [self.speech_pattern.format(clip=clip.id) for clip in self.recordings(subject)]

    def films_of(self, subject: str) -> list[str]:
        """The clips that say how a subject sounds."""
        return [self._clip(clip) for clip in self.recordings(subject)]

    # --- learning -----------------------------------------------------------------------------------------------

    def voice_segments(self, group: str) -> list[str]:
        """All speech that a training learns from."""
        return [self.speech_pattern.format(clip=clip.id) for side in self.listened(group) for clip in side]

    def voice_clips(self, group: str) -> list[str]:
        """The clips whose speech a training learns from."""
        return [self._clip(clip) for side in self.listened(group) for clip in side]

    def train_voice_job(self, name: str, seed: str, group: str) -> dict[str, Any]:
        """Rule `train_voice`."""
        sides = self.listened(group)
        return {
            "method_name": self.study.module_name(name),
            "settings": self.study.training_settings(name),
            "subjects": list(self.sides(group)),
            "facesets": [[] for _ in sides],
            "clips": [[self._clip(clip) for clip in side] for side in sides],
            "segments": [[self.speech_pattern.format(clip=clip.id) for clip in side] for side in sides],
            "seed": int(seed),
            "keep": [],
            "pretrained": [],
            "strangers": [],
            **self._asked(),
        }

    # --- converting ---------------------------------------------------------------------------------------------

    def voice_inputs(self, name: str, seed: str, source: str, clip_id: str) -> list[str]:
        """What an entry's sound is made from; nothing where the sound stays as it was."""
        heard = self.study.heard(name)
        if heard is None:
            return []
        driver = self.clip(clip_id).subject
        speech = [*self.segments_of(source), *self.segments_of(driver)]
        return [*self.weights(heard, seed, source, clip_id), *dict.fromkeys(speech)]

    def voice_of(self, name: str, seed: int, source: str, clip_id: str) -> dict[str, Any] | None:
        """How an entry's sound is made; None where it stays as it was."""
        heard = self.study.heard(name)
        if heard is None:
            return None
        driver = self.clip(clip_id).subject
        return {
            "entry": heard,
            "trained": self.study.trained(heard),
            "method_name": self.study.module_name(heard),
            "settings": plain(self.study.settings(heard)),
            "weights": self.weights(heard, str(seed), source, clip_id),
            "source_clips": self.films_of(source),
            "source_segments": self.segments_of(source),
            "driver_segments": self.segments_of(driver),
        }

    def voice_code(self, name: str) -> list[str]:
        """What the making of an entry's sound runs."""
        heard = self.study.heard(name)
        if not heard:
            return []
        # the notice's words are uttered by the cast's speaker, which nothing here imports
        return [self._module(heard), *(["understudy.cast.speech"] if self.study.publish.notice else [])]

    def revoice_job(self, name: str, seed: str, source: str, clip_id: str) -> dict[str, Any]:
        """Rule `revoice`."""
        clip = self.clip(clip_id)
        return {
            "voice": self.voice_of(name, int(seed), source, clip_id),
            "source": source,
            "driver": clip.subject,
            "clip_id": clip.id,
            "version": self.study.version,
            "seed": int(seed),
            "publishing": plain(self.study.publish),
            **self._asked(),
        }

    def true_voice_job(self, source: str, clip_id: str) -> dict[str, Any]:
        """Rule `true_voice`."""
        clip = self.clip(clip_id)
        actor, performance = clip.performance
        likeness = self.recordings(source)[0].performance[0]
        return {
            "source": source,
            "driver": clip.subject,
            "source_actor": likeness,
            "actor": actor,
            "performance": performance,
            "digests": [cast.digest(likeness, performance), cast.digest(actor, performance)],
            **self._asked(),
        }

    # --- measuring ----------------------------------------------------------------------------------------------

    def heard_evidence(self, source: str, clip_id: str) -> dict[str, Any]:
        """What the sound of a fake is measured against, by name."""
        clip = self.clip(clip_id)
        return {
            "driver": self._clip(clip),
            "recordings": self.films_of(source),
            "driver_recordings": self.films_of(clip.subject),
            **dict(zip(("truth",), self.true_voice(source, clip), strict=False)),
        }

    def listen_job(self, name: str, seed: str, source: str, clip_id: str) -> dict[str, Any]:
        """Rule `listen`."""
        return {
            "names": self._names(name, seed, source, clip_id) | {"family": "voice"},
            **self._judging(),
            "gallery": {},
            "notice": self.study.publish.notice,
            **self._asked(),
        }

    def heard_sanity_job(self, source: str, clip_id: str) -> dict[str, Any]:
        """Rule `heard_sanity`."""
        return {
            **self.listen_job(self.audible[0], str(self.study.seed), source, clip_id),
            "crf": self.study.publish.crf,
            "preset": self.study.publish.preset,
        }

    def other_recording(self, source: str) -> list[str]:
        """A clip of the source that nothing was learned from; none where there is none."""
        return [self._clip(clip) for clip in self.manifest.of(source, "test")[-1:]]

    def wrong_voice(self, source: str, clip_id: str) -> list[str]:
        """The driver's clip in another source's voice: what a wrong speaker sounds like."""
        driver = self.clip(clip_id).subject
        others = [p.source for p in self.study.pairs if p.driver == driver and p.source not in (source, driver)]
        known = [path for other in others for path in self.true_voice(other, self.clip(clip_id))]
        return known[:1] or [self._clip(self.clip(clip_id))]

    def heard_validity_job(self, source: str, clip_id: str) -> dict[str, Any]:
        """Rule `heard_validity`."""
        return {**self.heard_sanity_job(source, clip_id), "wrong": self.wrong_voice(source, clip_id)}

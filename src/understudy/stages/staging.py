"""What a conversion is made of, by the study's family: whose films go in, and what an exact fake would be.

swap      the source's clips, and the driver's clip, whose frames are kept
animate   a picture of the source, and the driver's clip, whose motion is kept; both framed
lipsync   a clip of the source, whose lips are redrawn, and the driver's clip, whose speech is kept
"""

from functools import cached_property
from typing import Any

from understudy import cast
from understudy.people import Clip
from understudy.settings import plain
from understudy.stages.places import RUN_FILES
from understudy.stages.plan import LEARNT, Plan


class Staging(Plan):
    """A plan that also knows the films of each conversion, and its truth."""

    @property
    def animates(self) -> bool:
        """Whether clips are framed, because a picture is to be moved."""
        return self.study.family == "animate"

    @property
    def redubs(self) -> bool:
        """Whether a source's clip gets another speech."""
        return self.study.family == "lipsync"

    # --- films --------------------------------------------------------------------------------------------------

    def film(self, clip: Clip) -> str:
        """A clip as the study's methods see it."""
        return (self.framed_pattern if self.animates else self.clip_pattern).format(clip=clip.id)

    def likenesses(self, source: str, clip_id: str) -> list[Clip]:
        """The source's clips that a conversion may use.

        A swap uses all that its trainings learn from. An animation takes its picture from one, a lip-sync redraws one:
        the first that is there for the source's side. A person who is moved by themself is so by the clip whose first
        frame is the picture, so that the clip itself is what should come out (the reconstruction of the FOMM paper,
        section 4).
        """
        clip = self.clip(clip_id)
        if self.animates and source == clip.subject:
            return [clip]
        if self.study.family == "swap":
            return self.learnt_of(source, clip.subject)
        found = [each for each in self.manifest.of(source, *LEARNT) if each in self.seen]
        return [next((each for each in found if each.role == "source"), found[0])]

    def source_facesets(self, source: str, clip_id: str) -> list[str]:
        """The facesets of the source that a conversion may use."""
        return [self._faceset(clip) for clip in self.likenesses(source, clip_id)]

    def source_clips(self, source: str, clip_id: str) -> list[str]:
        """The clips of the source that a conversion may use."""
        return [self.film(clip) for clip in self.likenesses(source, clip_id)]

    def changed(self, source: str, clip_id: str) -> str:
        """The film whose frames a fake has: as many, of the same size, at the same times."""
        if self.redubs:
            return self.base_pattern.format(source=source, clip=clip_id)
        return self.film(self.clip(clip_id))

    def changed_faceset(self, source: str, clip_id: str) -> str:
        """Where the face is in the frames that are changed."""
        return self.source_facesets(source, clip_id)[0] if self.redubs else self._faceset(self.clip(clip_id))

    def framings(self, source: str, clip_id: str) -> list[str]:
        """How the source's picture and the driver's clip were framed; nothing where nothing is."""
        clips = [*self.likenesses(source, clip_id), self.clip(clip_id)] if self.animates else []
        return [self.framing_pattern.format(clip=clip.id) for clip in clips]

    def offsets(self, clip_id: str) -> list[str]:
        """How late a driver's sound was found to be, where it is corrected: an animation shows the driver's lips."""
        clip = self.clip(clip_id)
        return [self.offset_pattern.format(clip=clip.id)] if self.animates else []

    def frame_job(self, clip_id: str) -> dict[str, Any]:
        """Rule `frame`."""
        clip = self.clip(clip_id)
        return {
            "subject": clip.subject,
            "settings": plain(self.study.framing),
            "crf": self.study.media.crf,
            **self._asked(),
        }

    def offset_job(self, clip_id: str) -> dict[str, Any]:
        """Rule `offset`."""
        return {"subject": self.clip(clip_id).subject, **self._asked()}

    def base_job(self, source: str, clip_id: str) -> dict[str, Any]:
        """Rule `base`."""
        return {
            "source": source,
            "driver": self.clip(clip_id).subject,
            "length": self.length,
            "crf": self.study.media.crf,
            **self._asked(),
        }

    @cached_property
    def length(self) -> str:
        """What a lip-sync lasts as long as: the speech, or the source's clip."""
        return next(str(self.study.settings(name).length) for name in self.pictures)

    # --- truths -------------------------------------------------------------------------------------------------

    def has_truth(self, source: str, clip: Clip) -> bool:
        """Whether it is known what an exact fake is.

        It is rendered where source and driver are synthetic actors. Who is moved by themself should look like the clip
        that moves them.
        """
        return self.reconstructs(source, clip) or super().has_truth(source, clip)

    def reconstructs(self, source: str, clip: Clip) -> bool:
        """Whether the exact fake is the driver's own clip."""
        return self.animates and source == clip.subject

    def truth(self, source: str, clip: Clip) -> str:
        """The exact fake, where there is one."""
        if self.reconstructs(source, clip):
            return self.film(clip)
        return self.truth_pattern.format(source=source, clip=clip.id)

    def truths(self, source: str, clip: Clip) -> dict[str, str]:
        """What is known of the exact fake, by name."""
        if not self.has_truth(source, clip):
            return {}
        if self.reconstructs(source, clip):
            return {"truth": self.film(clip)}
        patterns = {"truth": self.truth_pattern, "masks": self.truth_faces_pattern}
        if self.study.family == "swap":
            patterns |= {"reenacted": self.reenacted_pattern}
        return {name: pattern.format(source=source, clip=clip.id) for name, pattern in patterns.items()}

    @property
    def all_truths(self) -> list[str]:
        """The truths of all conversions."""
        found = [
            path
            for source, clip in self.conversions
            for name, path in self.truths(source, clip).items()
            if name != "masks"
        ]
        heard = [path for source, clip in self.spoken if self.audible for path in self.true_voice(source, clip)]
        return list(dict.fromkeys([*found, *heard]))

    def true_voice(self, source: str, clip: Clip) -> list[str]:
        """The driver's clip in the source's own voice, where there is one."""
        known = self.has_true_voice(source, clip)
        return [self.voice_truth_pattern.format(source=source, clip=clip.id)] if known else []

    def truth_job(self, source: str, clip_id: str) -> dict[str, Any]:
        """Rule `truth`."""
        clip = self.clip(clip_id)
        actor, performance = clip.performance
        likeness = self.likenesses(source, clip_id)[0].performance
        givers = (likeness[0], performance) if self.study.family == "swap" else likeness
        job = {
            "source": source,
            "driver": clip.subject,
            "source_actor": likeness[0],
            "actor": actor,
            "performance": performance,
            "digests": [cast.digest(*givers), cast.digest(actor, performance)],
            **self._film(),
            **self._asked(),
        }
        if self.study.family != "swap":
            job["scene"] = likeness[1]
        return job | {"length": self.length} if self.redubs else job

    # --- weights ------------------------------------------------------------------------------------------------

    def weights(self, name: str, seed: str, source: str, clip_id: str) -> list[str]:
        """The weights that a conversion needs: none for a method that learns nothing."""
        entry = self.study.trained(name)
        if entry in self.adopted:
            return [self.adopted_pattern(RUN_FILES[0]).format(method=entry)]
        if entry not in self.learning:
            return []
        group = self.study.group(entry, source, self.clip(clip_id).subject)
        return [self.weights_of(entry, self.study.seed_of(entry, int(seed)), group)]

    def published(self, name: str) -> str:
        """The file of the published weights that an entry draws with."""
        weights = self.study.adopts(name)
        return str(weights.path) if weights else ""

    def adopt_job(self, name: str) -> dict[str, Any]:
        """Rule `adopt`."""
        return {"method_name": self.study.module_name(name), "settings": plain(self.study.methods[name])}

    def adopt_code(self, name: str) -> tuple[str, str]:
        """What the adoption of published weights runs."""
        return "scripts/adopt.py", self._module(name)

    # --- parts --------------------------------------------------------------------------------------------------

    def _clip(self, clip: Clip) -> str:
        return self.clip_pattern.format(clip=clip.id)

    def _faceset(self, clip: Clip) -> str:
        return self.faceset_pattern.format(clip=clip.id)

    def _module(self, name: str) -> str:
        return f"understudy.methods.{self.study.module_name(name)}"

    def _film(self) -> dict[str, Any]:
        return {"size": self.study.cast.size, "crf": self.study.media.crf}

    def _asked(self) -> dict[str, Any]:
        """Where a job asks for consent, and for which study."""
        return {"consents": str(self.study.consents), "study": self.study.study}

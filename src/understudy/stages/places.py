"""Where a study's files are: the pattern of each rule's outputs.

Patterns hold Snakemake's wildcards in braces. The same words fill the same places: source, driver, clip, group, seed,
and method, which is an entry of the study: a method under its own or another name, or a merge.
"""

from understudy.config import Study
from understudy.learning.keeping import kept

OF_SEED = "{method}/seed-{seed}"
RUN_FILES = ("weights.safetensors", "card.json", "loss.csv")
SHOWN = ("preview.png", "timelapse.mp4")
"""What besides a training of pictures leaves."""


def voiced(pattern: str) -> str:
    """The place of the table that says of voices what the one at `pattern` says of pictures."""
    return f"{pattern.removesuffix('.parquet')}.voice.parquet"


class Places:
    """The places of a study's files."""

    study: Study

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
    def clip_pattern(self) -> str:
        """A clip in the study's format."""
        return f"{self.root}/clips/{{clip}}.mp4"

    @property
    def labels_pattern(self) -> str:
        """The exact labels of a synthetic actor's clip."""
        return f"{self.root}/clips/{{clip}}.labels.npz"

    @property
    def framed_pattern(self) -> str:
        """A clip as methods that animate see it: a square that the face fills."""
        return f"{self.root}/framed/{{clip}}.mp4"

    @property
    def framing_pattern(self) -> str:
        """How a clip was framed."""
        return f"{self.root}/framed/{{clip}}.json"

    @property
    def base_pattern(self) -> str:
        """The source's clip, silent, as long as the fake is to be: what a lip-sync changes."""
        return f"{self.root}/bases/{{source}}/{{clip}}.mp4"

    @property
    def offset_pattern(self) -> str:
        """How late a driver's sound is behind its lips, before and after it was corrected."""
        return f"{self.root}/offsets/{{clip}}.json"

    @property
    def truth_pattern(self) -> str:
        """What an exact fake of (source, driver's clip) is."""
        return f"{self.root}/truths/{{source}}/{{clip}}.{self.study.family}.mp4"

    @property
    def truth_faces_pattern(self) -> str:
        """Which pixels of the exact fake are face."""
        return f"{self.root}/truths/{{source}}/{{clip}}.faces.npy"

    @property
    def reenacted_pattern(self) -> str:
        """The driver's performance given by the source's actor."""
        return f"{self.root}/truths/{{source}}/{{clip}}.reenacted.mp4"

    @property
    def voice_truth_pattern(self) -> str:
        """The driver's clip in the source's own voice."""
        return f"{self.root}/truths/{{source}}/{{clip}}.said.mp4"

    @property
    def speech_pattern(self) -> str:
        """The folder of a clip's speech, cut into segments."""
        return f"{self.root}/speech/{{clip}}"

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
        return f"{self.root}/runs/{OF_SEED}/{{group}}/{name}"

    @property
    def kept_patterns(self) -> list[str]:
        """The weights of a training at the shares of its budget, but for the whole."""
        return [self.run_pattern(kept(share)) for share in self.study.curve]

    def adopted_pattern(self, name: str) -> str:
        """A file of the published weights that an entry draws with."""
        return f"{self.root}/adopted/{{method}}/{name}"

    def pretrained_pattern(self, name: str) -> str:
        """A file of an entry's pretraining."""
        return f"{self.root}/pretrained/{{method}}/{name}"

    @property
    def curve_pattern(self) -> str:
        """What a training was worth at the shares of its budget."""
        return f"{self.root}/curves/{OF_SEED}/{{group}}.parquet"

    @property
    def fake_pattern(self) -> str:
        """A published fake."""
        return f"{self.root}/fakes/{OF_SEED}/{{source}}/{{clip}}.mp4"

    @property
    def fake_card_pattern(self) -> str:
        """The lineage beside a fake."""
        return f"{self.fake_pattern}.json"

    @property
    def region_pattern(self) -> str:
        """Which pixels of a fake were replaced."""
        return f"{self.root}/regions/{OF_SEED}/{{source}}/{{clip}}.alpha"

    @property
    def timing_pattern(self) -> str:
        """How long the conversion of a fake took."""
        return f"{self.root}/timings/{OF_SEED}/{{source}}/{{clip}}.json"

    @property
    def scores_pattern(self) -> str:
        """The scores of a fake."""
        return f"{self.root}/scores/{OF_SEED}/{{source}}/{{clip}}.parquet"

    @property
    def frames_pattern(self) -> str:
        """The values of a fake frame by frame."""
        return f"{self.root}/scores/{OF_SEED}/{{source}}/{{clip}}.frames.parquet"

    @property
    def validity_pattern(self) -> str:
        """What the metrics make of known degradations."""
        return f"{self.root}/validity/{{source}}/{{clip}}.parquet"

    @property
    def sanity_pattern(self) -> str:
        """The rows that say what the numbers mean."""
        return f"{self.root}/sanity/{{source}}/{{clip}}.parquet"

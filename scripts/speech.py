"""What is said in a clip, cut into segments."""

from pathlib import Path

from understudy.stages import begin
from understudy.stages.cutting import cut_speech

begin(snakemake.log[0], snakemake.threads)
cut_speech(
    clip=Path(snakemake.input[0]),
    out=Path(snakemake.output[0]),
    **snakemake.params.job,
)

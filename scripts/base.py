"""The source's clip, as long as the driver's speech."""

from pathlib import Path

from understudy.stages import begin
from understudy.stages.hearing import base

begin(snakemake.log[0], snakemake.threads)
base(
    clip=Path(snakemake.input.clip),
    speech=Path(snakemake.input.speech),
    out=Path(snakemake.output[0]),
    **snakemake.params.job,
)

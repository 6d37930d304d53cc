"""A published fake whose voice alone is another's."""

from pathlib import Path

from understudy.stages import begin
from understudy.stages.revoice import revoice_clip

begin(snakemake.log[0], snakemake.threads)
revoice_clip(
    fake=Path(snakemake.output.fake),
    timing=Path(snakemake.output.timing),
    clip=Path(snakemake.input.clip),
    threads=snakemake.threads,
    **snakemake.params.job,
)

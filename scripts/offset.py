"""How late a clip's sound is behind its lips."""

from pathlib import Path

from understudy.stages import begin
from understudy.stages.hearing import offset

begin(snakemake.log[0], snakemake.threads)
offset(
    clip=Path(snakemake.input.clip),
    faceset=Path(snakemake.input.faceset),
    out=Path(snakemake.output[0]),
    **snakemake.params.job,
)

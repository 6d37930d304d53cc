"""A clip as methods that animate see it."""

from pathlib import Path

from understudy.stages import begin
from understudy.stages.framing import frame

begin(snakemake.log[0], snakemake.threads)
frame(
    clip=Path(snakemake.input.clip),
    faceset=Path(snakemake.input.faceset),
    out=Path(snakemake.output.framed),
    card=Path(snakemake.output.card),
    **snakemake.params.job,
)

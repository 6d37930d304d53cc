"""A clip's faceset."""

from pathlib import Path

from understudy.stages import begin
from understudy.stages.faces import extract_clip

begin(snakemake.log[0], snakemake.threads)
extract_clip(
    clip=Path(snakemake.input.clip),
    reference=Path(snakemake.input.reference),
    out=Path(snakemake.output[0]),
    **snakemake.params.job,
)

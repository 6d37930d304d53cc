"""A filmed clip in the study's format."""

from pathlib import Path

from understudy.stages import begin
from understudy.stages.ingest import ingest_clip

begin(snakemake.log[0], snakemake.threads)
ingest_clip(clip=Path(snakemake.output.clip), **snakemake.params.job)

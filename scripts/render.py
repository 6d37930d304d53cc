"""A synthetic actor's clip and its labels."""

from pathlib import Path

from understudy.stages import begin
from understudy.stages.render import render_clip

begin(snakemake.log[0], snakemake.threads)
render_clip(clip=Path(snakemake.output.clip), labels=Path(snakemake.output.labels), **snakemake.params.job)

"""A synthetic actor's sentence, heard alone."""

from pathlib import Path

from understudy.stages import begin
from understudy.stages.render import render_saying

begin(snakemake.log[0], snakemake.threads)
render_saying(clip=Path(snakemake.output.clip), **snakemake.params.job)

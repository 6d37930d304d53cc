"""A method's training on a group of subjects."""

from pathlib import Path

from understudy.stages import begin
from understudy.stages.train import train_run

begin(snakemake.log[0], snakemake.threads)
train_run(
    out=Path(snakemake.output.weights).parent,
    code=snakemake.params.code,
    threads=snakemake.threads,
    **snakemake.params.job,
)

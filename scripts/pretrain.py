"""A method's pretraining on people who are in no pair."""

from pathlib import Path

from understudy.stages import begin
from understudy.stages.train import pretrain_run

begin(snakemake.log[0], snakemake.threads)
pretrain_run(
    out=Path(snakemake.output.weights).parent,
    code=snakemake.params.code,
    threads=snakemake.threads,
    **snakemake.params.job,
)

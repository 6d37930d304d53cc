"""One table of all scores, and those of learning curves, costs and the metrics' validity."""

from pathlib import Path

from understudy.stages import begin
from understudy.stages.gather import gather_tables

begin(snakemake.log[0], snakemake.threads)
gather_tables(
    scores=list(snakemake.input.scores),
    frames=list(snakemake.input.frames),
    curves=list(snakemake.input.curves),
    validities=list(snakemake.input.validities),
    out=Path(snakemake.output.scores).parent,
    **snakemake.params.job,
)

"""The rows that say what the numbers mean."""

from pathlib import Path

from understudy.stages import begin
from understudy.stages.measure import measure_sanity

begin(snakemake.log[0], snakemake.threads)
measure_sanity(
    evidence=dict(snakemake.input.items()),
    scores=Path(snakemake.output.scores),
    **snakemake.params.job,
)

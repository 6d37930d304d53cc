"""What the metrics make of known degradations."""

from pathlib import Path

from understudy.stages import begin
from understudy.stages.measure import measure_validity

begin(snakemake.log[0], snakemake.threads)
measure_validity(
    evidence=dict(snakemake.input.items()),
    out=Path(snakemake.output.validity),
    **snakemake.params.job,
)

"""What a training was worth at the shares of its budget."""

from pathlib import Path

from understudy.stages import begin
from understudy.stages.curve import measure_curve

begin(snakemake.log[0], snakemake.threads)
measure_curve(
    out=Path(snakemake.output.curve),
    weights=list(snakemake.input.weights),
    threads=snakemake.threads,
    **snakemake.params.job,
)

"""The study's page."""

from pathlib import Path

from understudy.stages import begin
from understudy.stages.report import write_report

begin(snakemake.log[0], snakemake.threads)
write_report(
    out=Path(snakemake.output[0]),
    scores=Path(snakemake.input.scores),
    frames=Path(snakemake.input.frames),
    **snakemake.params.job,
)

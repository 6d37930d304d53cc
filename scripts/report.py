"""The study's page."""

from pathlib import Path

from understudy.stages import begin
from understudy.stages.report import write_report

begin(snakemake.log[0], snakemake.threads)
write_report(
    out=Path(snakemake.output[0]),
    tables=Path(snakemake.input.scores).parent,
    **snakemake.params.job,
)

"""What a perfect lip-sync is."""

from pathlib import Path

from understudy.stages import begin
from understudy.stages.render import render_dubbed

begin(snakemake.log[0], snakemake.threads)
render_dubbed(
    truth=Path(snakemake.output.truth),
    faces=Path(snakemake.output.faces),
    **snakemake.params.job,
)

"""What a perfect animation is."""

from pathlib import Path

from understudy.stages import begin
from understudy.stages.render import render_animated

begin(snakemake.log[0], snakemake.threads)
render_animated(
    truth=Path(snakemake.output.truth),
    faces=Path(snakemake.output.faces),
    framing=Path(snakemake.input[0]),
    **snakemake.params.job,
)

"""What an exact conversion of a voice is: the driver's clip in the source's own voice."""

from pathlib import Path

from understudy.stages import begin
from understudy.stages.render import render_voiced

begin(snakemake.log[0], snakemake.threads)
render_voiced(
    truth=Path(snakemake.output.truth),
    clip=Path(snakemake.input[0]),
    **snakemake.params.job,
)

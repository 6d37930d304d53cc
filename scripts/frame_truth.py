"""What a perfect animation is."""

from pathlib import Path

from understudy.stages import begin
from understudy.stages.framing import frame_truth

begin(snakemake.log[0], snakemake.threads)
frame_truth(
    truth=Path(snakemake.output.truth),
    faces=Path(snakemake.output.faces),
    framing=list(snakemake.input),
    **snakemake.params.job,
)

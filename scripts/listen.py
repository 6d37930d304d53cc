"""The scores of a fake's voice."""

from pathlib import Path

from understudy.stages import begin
from understudy.stages.measure import measure_fake

begin(snakemake.log[0], snakemake.threads)
measure_fake(
    fake=Path(snakemake.input.fake),
    evidence=dict(snakemake.input.items()),
    scores=Path(snakemake.output.scores),
    frames=None,
    **snakemake.params.job,
)

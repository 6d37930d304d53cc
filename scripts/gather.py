"""One table of all scores."""

from pathlib import Path

from understudy.stages import begin
from understudy.stages.measure import gather_scores

begin(snakemake.log[0], snakemake.threads)
gather_scores(
    parts=list(snakemake.input.scores),
    frame_parts=list(snakemake.input.frames),
    scores=Path(snakemake.output.scores),
    table=Path(snakemake.output.table),
    frames=Path(snakemake.output.frames),
)

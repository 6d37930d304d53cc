"""What a perfect fake of a pair would look like."""

from pathlib import Path

from understudy.stages import begin
from understudy.stages.render import render_truth

begin(snakemake.log[0], snakemake.threads)
render_truth(
    swap=Path(snakemake.output.swap),
    faces=Path(snakemake.output.faces),
    reenacted=Path(snakemake.output.reenacted),
    **snakemake.params.job,
)

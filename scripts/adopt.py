"""Published weights, checked and converted."""

from pathlib import Path

from understudy.stages import begin
from understudy.stages.adopt import adopt_weights

begin(snakemake.log[0], snakemake.threads)
adopt_weights(out=Path(snakemake.output.weights).parent, **snakemake.params.job)

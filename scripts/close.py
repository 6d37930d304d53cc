"""The finished version."""

from pathlib import Path

from understudy.stages import begin
from understudy.stages.close import close_version

begin(snakemake.log[0], snakemake.threads)
close_version(receipt=Path(snakemake.output[0]), **snakemake.params.job)

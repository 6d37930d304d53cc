"""Who a subject is."""

from pathlib import Path

from understudy.stages import begin
from understudy.stages.faces import reference_subject

begin(snakemake.log[0], snakemake.threads)
reference_subject(clips=list(snakemake.input), out=Path(snakemake.output[0]), **snakemake.params.job)

"""A published fake."""

from pathlib import Path

from understudy.stages import begin
from understudy.stages.convert import convert_clip

begin(snakemake.log[0], snakemake.threads)
convert_clip(
    fake=Path(snakemake.output.fake),
    region=Path(snakemake.output.region),
    timing=Path(snakemake.output.timing),
    weights=Path(snakemake.input.weights[0]) if snakemake.input.weights else None,
    source_facesets=list(snakemake.input.source_facesets),
    source_clips=list(snakemake.input.source_clips),
    faceset=Path(snakemake.input.faceset),
    clip=Path(snakemake.input.clip),
    changed=Path(snakemake.input.changed),
    offset=list(snakemake.input.offset),
    threads=snakemake.threads,
    **snakemake.params.job,
)

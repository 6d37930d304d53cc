# What the fakes are worth: each fake, and the rows that say what the numbers mean (floor, re-encoding, truth).


rule measure:
    input:
        unpack(lambda wildcards: PLAN.evidence(wildcards.source, wildcards.clip)),
        fake=PLAN.fake_pattern,
    output:
        scores=PLAN.scores_pattern,
        frames=PLAN.frames_pattern,
    log:
        f"{PLAN.root}/log/measure/{{method}}/{{source}}/{{clip}}.log",
    benchmark:
        f"{PLAN.root}/cost/measure/{{method}}/{{source}}/{{clip}}.tsv"
    conda:
        "../../envs/faces.yaml"
    params:
        code=fingerprint("scripts/measure.py", *PLAN.metric_modules),
        job=lambda wildcards: PLAN.measure_job(
            wildcards.method, wildcards.source, wildcards.clip
        ),
    script:
        "../../scripts/measure.py"


rule sanity:
    input:
        unpack(lambda wildcards: PLAN.evidence(wildcards.source, wildcards.clip)),
        other=lambda wildcards: PLAN.other_clip(wildcards.source),
    output:
        scores=PLAN.sanity_pattern,
    log:
        f"{PLAN.root}/log/sanity/{{source}}/{{clip}}.log",
    benchmark:
        f"{PLAN.root}/cost/sanity/{{source}}/{{clip}}.tsv"
    conda:
        "../../envs/faces.yaml"
    params:
        code=fingerprint("scripts/sanity.py", *PLAN.metric_modules),
        job=lambda wildcards: PLAN.sanity_job(wildcards.source, wildcards.clip),
    script:
        "../../scripts/sanity.py"


rule gather:
    input:
        scores=PLAN.all_scores,
        frames=PLAN.all_frames,
    output:
        scores=f"{PLAN.root}/scores/scores.parquet",
        table=f"{PLAN.root}/scores/scores.csv",
        frames=f"{PLAN.root}/scores/frames.parquet",
    log:
        f"{PLAN.root}/log/gather.log",
    conda:
        "../../envs/report.yaml"
    params:
        code=fingerprint("scripts/gather.py"),
    script:
        "../../scripts/gather.py"

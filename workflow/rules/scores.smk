# What the fakes are worth: each fake, and the rows that say what the numbers mean (floor, re-encoding, truth).


rule measure:
    input:
        unpack(lambda wildcards: PLAN.evidence(wildcards.source, wildcards.clip)),
        references=list(PLAN.gallery.values()),
        networks=PLAN.judges,
        region=PLAN.region_pattern,
        fake=PLAN.fake_pattern,
    output:
        scores=PLAN.scores_pattern,
        frames=PLAN.frames_pattern,
    log:
        f"{PLAN.root}/log/measure/{OF_SEED}/{{source}}/{{clip}}.log",
    benchmark:
        f"{PLAN.root}/cost/measure/{OF_SEED}/{{source}}/{{clip}}.tsv"
    wildcard_constraints:
        method=any_of(PLAN.pictures),
    conda:
        "../../envs/faces.yaml"
    params:
        code=fingerprint("scripts/measure.py", *PLAN.metric_modules),
        job=lambda wildcards: PLAN.measure_job(
            wildcards.method, wildcards.seed, wildcards.source, wildcards.clip
        ),
    script:
        "../../scripts/measure.py"


rule sanity:
    input:
        unpack(lambda wildcards: PLAN.evidence(wildcards.source, wildcards.clip)),
        references=list(PLAN.gallery.values()),
        networks=PLAN.judges,
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


rule validity:
    input:
        unpack(lambda wildcards: PLAN.evidence(wildcards.source, wildcards.clip)),
        references=list(PLAN.gallery.values()),
        networks=PLAN.judges,
        wrong=lambda wildcards: PLAN.wrong_truth(wildcards.source, wildcards.clip),
    output:
        validity=PLAN.validity_pattern,
    log:
        f"{PLAN.root}/log/validity/{{source}}/{{clip}}.log",
    benchmark:
        f"{PLAN.root}/cost/validity/{{source}}/{{clip}}.tsv"
    conda:
        "../../envs/faces.yaml"
    params:
        code=fingerprint("scripts/validity.py", *PLAN.metric_modules),
        job=lambda wildcards: PLAN.validity_job(wildcards.source, wildcards.clip),
    script:
        "../../scripts/validity.py"


rule gather:
    input:
        scores=PLAN.all_scores,
        frames=PLAN.all_frames,
        curves=PLAN.all_curves,
        validities=PLAN.all_validities,
        timings=PLAN.all_timings,
        runs=PLAN.all_runs,
    output:
        scores=f"{PLAN.root}/scores/scores.parquet",
        table=f"{PLAN.root}/scores/scores.csv",
        frames=f"{PLAN.root}/scores/frames.parquet",
        curves=f"{PLAN.root}/scores/curves.parquet",
        costs=f"{PLAN.root}/scores/costs.parquet",
        validity=f"{PLAN.root}/scores/validity.parquet",
    log:
        f"{PLAN.root}/log/gather.log",
    conda:
        "../../envs/report.yaml"
    params:
        code=fingerprint("scripts/gather.py"),
        job=PLAN.gather_job,
    script:
        "../../scripts/gather.py"

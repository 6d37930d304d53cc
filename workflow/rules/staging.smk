# What films become before a fake of theirs is made: a square that the face fills, a clip under another speech, a sound
# in step with its lips. And published weights in the form of trained ones.


rule frame:
    input:
        clip=PLAN.clip_pattern,
        faceset=PLAN.faceset_pattern,
    output:
        framed=PLAN.framed_pattern,
        card=PLAN.framing_pattern,
    log:
        f"{PLAN.root}/log/frame/{{clip}}.log",
    benchmark:
        f"{PLAN.root}/cost/frame/{{clip}}.tsv"
    conda:
        "../../envs/faces.yaml"
    params:
        code=fingerprint("scripts/frame.py"),
        job=lambda wildcards: PLAN.frame_job(wildcards.clip),
    script:
        "../../scripts/frame.py"


rule offset:
    input:
        clip=PLAN.clip_pattern,
        faceset=PLAN.faceset_pattern,
    output:
        PLAN.offset_pattern,
    log:
        f"{PLAN.root}/log/offset/{{clip}}.log",
    benchmark:
        f"{PLAN.root}/cost/offset/{{clip}}.tsv"
    conda:
        "../../envs/faces.yaml"
    params:
        code=fingerprint("scripts/offset.py"),
        job=lambda wildcards: PLAN.offset_job(wildcards.clip),
    script:
        "../../scripts/offset.py"


rule base:
    input:
        clip=lambda wildcards: PLAN.source_clips(wildcards.source, wildcards.clip)[0],
        speech=PLAN.clip_pattern,
    output:
        PLAN.base_pattern,
    log:
        f"{PLAN.root}/log/base/{{source}}/{{clip}}.log",
    benchmark:
        f"{PLAN.root}/cost/base/{{source}}/{{clip}}.tsv"
    conda:
        "../../envs/media.yaml"
    params:
        code=fingerprint("scripts/base.py"),
        job=lambda wildcards: PLAN.base_job(wildcards.source, wildcards.clip),
    script:
        "../../scripts/base.py"


rule adopt:
    input:
        lambda wildcards: PLAN.published(wildcards.method),
    output:
        weights=PLAN.adopted_pattern("weights.safetensors"),
        card=PLAN.adopted_pattern("card.json"),
    log:
        f"{PLAN.root}/log/adopt/{{method}}.log",
    benchmark:
        f"{PLAN.root}/cost/adopt/{{method}}.tsv"
    priority: 1  # a file that is not what the study names stops it before anything is learned
    conda:
        "../../envs/learning.yaml"
    params:
        code=lambda wildcards: fingerprint(*PLAN.adopt_code(wildcards.method)),
        job=lambda wildcards: PLAN.adopt_job(wildcards.method),
    script:
        "../../scripts/adopt.py"

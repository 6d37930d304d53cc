# Who the subject is, then the subject's faces in every clip.


rule reference:
    input:
        lambda wildcards: PLAN.reference_clips(wildcards.subject),
    output:
        PLAN.reference_pattern,
    log:
        f"{PLAN.root}/log/reference/{{subject}}.log",
    benchmark:
        f"{PLAN.root}/cost/reference/{{subject}}.tsv"
    conda:
        "../../envs/faces.yaml"
    params:
        code=fingerprint("scripts/reference.py"),
        job=lambda wildcards: PLAN.reference_job(wildcards.subject),
    script:
        "../../scripts/reference.py"


rule extract:
    input:
        clip=PLAN.clip_pattern,
        reference=lambda wildcards: PLAN.reference_of(wildcards.clip),
    output:
        directory(PLAN.faceset_pattern),
    log:
        f"{PLAN.root}/log/extract/{{clip}}.log",
    benchmark:
        f"{PLAN.root}/cost/extract/{{clip}}.tsv"
    conda:
        "../../envs/faces.yaml"
    params:
        code=fingerprint("scripts/extract.py"),
        job=lambda wildcards: PLAN.extract_job(wildcards.clip),
    script:
        "../../scripts/extract.py"

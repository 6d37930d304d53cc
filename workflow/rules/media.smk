# Filmed clips: the hash that the manifest recorded, then one format for all.


rule ingest:
    input:
        lambda wildcards: PLAN.footage(wildcards.clip),
    output:
        clip=PLAN.clip_pattern,
    log:
        f"{PLAN.root}/log/ingest/{{clip}}.log",
    benchmark:
        f"{PLAN.root}/cost/ingest/{{clip}}.tsv"
    wildcard_constraints:
        clip=PLAN.filmed,
    conda:
        "../../envs/media.yaml"
    params:
        code=fingerprint("scripts/ingest.py"),
        job=lambda wildcards: PLAN.ingest_job(wildcards.clip),
    script:
        "../../scripts/ingest.py"

# Filmed clips: the hash that the manifest recorded, then one format for all.


rule ingest:
    input:
        lambda wildcards: PLAN.footage(wildcards.clip),
    output:
        clip=PLAN.clip_pattern,
    params:
        code=fingerprint("scripts/ingest.py"),
        job=lambda wildcards: PLAN.ingest_job(wildcards.clip),
    wildcard_constraints:
        clip=PLAN.filmed,
    log:
        f"{PLAN.root}/log/ingest/{{clip}}.log",
    benchmark:
        f"{PLAN.root}/cost/ingest/{{clip}}.tsv"
    conda:
        "../../envs/media.yaml"
    script:
        "../../scripts/ingest.py"

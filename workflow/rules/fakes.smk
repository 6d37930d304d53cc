# Each pair through each method: the driver's clip with the source's likeness, labelled.


rule convert:
    input:
        weights=lambda wildcards: PLAN.weights(
            wildcards.method, wildcards.source, wildcards.clip
        ),
        source_facesets=lambda wildcards: PLAN.source_facesets(
            wildcards.source, wildcards.clip
        ),
        source_clips=lambda wildcards: PLAN.source_clips(
            wildcards.source, wildcards.clip
        ),
        faceset=PLAN.faceset_pattern,
        clip=PLAN.clip_pattern,
    output:
        fake=PLAN.fake_pattern,
        card=PLAN.fake_card_pattern,
    log:
        f"{PLAN.root}/log/convert/{{method}}/{{source}}/{{clip}}.log",
    benchmark:
        f"{PLAN.root}/cost/convert/{{method}}/{{source}}/{{clip}}.tsv"
    conda:
        "../../envs/learning.yaml"
    params:
        code=lambda wildcards: fingerprint(
            "scripts/convert.py", f"understudy.methods.{wildcards.method}"
        ),
        job=lambda wildcards: PLAN.convert_job(
            wildcards.method, wildcards.source, wildcards.clip
        ),
    script:
        "../../scripts/convert.py"

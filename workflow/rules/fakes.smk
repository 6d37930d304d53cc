# Each pair through each method: the driver's clip with the source's likeness, labelled.


rule convert:
    input:
        weights=lambda wildcards: PLAN.weights(
            wildcards.method, wildcards.seed, wildcards.source, wildcards.clip
        ),
        source_facesets=lambda wildcards: PLAN.source_facesets(
            wildcards.source, wildcards.clip
        ),
        source_clips=lambda wildcards: PLAN.source_clips(
            wildcards.source, wildcards.clip
        ),
        faceset=PLAN.faceset_pattern,
        clip=PLAN.framed_pattern if PLAN.animates else PLAN.clip_pattern,
        changed=lambda wildcards: PLAN.changed(wildcards.source, wildcards.clip),
        offset=lambda wildcards: PLAN.offsets(wildcards.clip),
        framings=lambda wildcards: PLAN.framings(wildcards.source, wildcards.clip),
        voice=lambda wildcards: PLAN.voice_inputs(
            wildcards.method, wildcards.seed, wildcards.source, wildcards.clip
        ),
    output:
        fake=PLAN.fake_pattern,
        card=PLAN.fake_card_pattern,
        region=PLAN.region_pattern,
        timing=PLAN.timing_pattern,
    log:
        f"{PLAN.root}/log/convert/{OF_SEED}/{{source}}/{{clip}}.log",
    benchmark:
        f"{PLAN.root}/cost/convert/{OF_SEED}/{{source}}/{{clip}}.tsv"
    wildcard_constraints:
        method=any_of(PLAN.pictures),
    conda:
        "../../envs/learning.yaml"
    params:
        code=lambda wildcards: fingerprint(*PLAN.convert_code(wildcards.method)),
        job=lambda wildcards: PLAN.convert_job(
            wildcards.method, wildcards.seed, wildcards.source, wildcards.clip
        ),
    script:
        "../../scripts/convert.py"

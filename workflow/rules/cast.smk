# Synthetic actors: their clips, the labels of those, and the exact truth of every swap between them.


rule render:
    output:
        clip=PLAN.clip_pattern,
        labels=PLAN.labels_pattern,
    log:
        f"{PLAN.root}/log/render/{{clip}}.log",
    benchmark:
        f"{PLAN.root}/cost/render/{{clip}}.tsv"
    wildcard_constraints:
        clip=PLAN.rendered,
    conda:
        "../../envs/cast.yaml"
    params:
        code=fingerprint("scripts/render.py"),
        job=lambda wildcards: PLAN.render_job(wildcards.clip),
    script:
        "../../scripts/render.py"


# What is exact depends on what is made: one of these, by the study's family.
if PLAN.study.family == "swap":

    rule truth:
        output:
            swap=PLAN.truth_pattern,
            faces=PLAN.truth_faces_pattern,
            reenacted=PLAN.reenacted_pattern,
        log:
            f"{PLAN.root}/log/truth/{{source}}/{{clip}}.log",
        benchmark:
            f"{PLAN.root}/cost/truth/{{source}}/{{clip}}.tsv"
        wildcard_constraints:
            clip=PLAN.rendered,
        conda:
            "../../envs/cast.yaml"
        params:
            code=fingerprint("scripts/truth.py"),
            job=lambda wildcards: PLAN.truth_job(wildcards.source, wildcards.clip),
        script:
            "../../scripts/truth.py"

elif PLAN.animates:

    rule truth:
        input:
            lambda wildcards: PLAN.framings(wildcards.source, wildcards.clip),
        output:
            truth=PLAN.truth_pattern,
            faces=PLAN.truth_faces_pattern,
        log:
            f"{PLAN.root}/log/truth/{{source}}/{{clip}}.log",
        benchmark:
            f"{PLAN.root}/cost/truth/{{source}}/{{clip}}.tsv"
        wildcard_constraints:
            clip=PLAN.rendered,
        conda:
            "../../envs/faces.yaml"
        params:
            code=fingerprint("scripts/frame_truth.py"),
            job=lambda wildcards: PLAN.truth_job(wildcards.source, wildcards.clip),
        script:
            "../../scripts/frame_truth.py"

else:

    rule truth:
        output:
            truth=PLAN.truth_pattern,
            faces=PLAN.truth_faces_pattern,
        log:
            f"{PLAN.root}/log/truth/{{source}}/{{clip}}.log",
        benchmark:
            f"{PLAN.root}/cost/truth/{{source}}/{{clip}}.tsv"
        wildcard_constraints:
            clip=PLAN.rendered,
        conda:
            "../../envs/cast.yaml"
        params:
            code=fingerprint("scripts/dub_truth.py"),
            job=lambda wildcards: PLAN.truth_job(wildcards.source, wildcards.clip),
        script:
            "../../scripts/dub_truth.py"

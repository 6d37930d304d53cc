# One training a method, seed and group of subjects; it may serve several fakes. The snapshots beside the weights are
# nobody's output, so that Snakemake leaves them after an interruption and the next run resumes.


rule pretrain:
    input:
        facesets=PLAN.pretraining_facesets,
        clips=PLAN.pretraining_clips,
    output:
        weights=PLAN.pretrained_pattern("weights.safetensors"),
        card=PLAN.pretrained_pattern("card.json"),
        loss=PLAN.pretrained_pattern("loss.csv"),
    log:
        f"{PLAN.root}/log/pretrain/{{method}}.log",
    benchmark:
        f"{PLAN.root}/cost/pretrain/{{method}}.tsv"
    conda:
        "../../envs/learning.yaml"
    threads: PLAN.training_threads
    params:
        code=lambda wildcards: fingerprint(*PLAN.pretrain_code(wildcards.method)),
        job=lambda wildcards: PLAN.pretrain_job(wildcards.method),
    script:
        "../../scripts/pretrain.py"


rule train:
    input:
        facesets=lambda wildcards: PLAN.training_facesets(wildcards.group),
        clips=lambda wildcards: PLAN.training_clips(wildcards.group),
        pretrained=lambda wildcards: PLAN.pretraining(wildcards.method),
    output:
        weights=PLAN.run_pattern("weights.safetensors"),
        card=PLAN.run_pattern("card.json"),
        loss=PLAN.run_pattern("loss.csv"),
        preview=PLAN.run_pattern("preview.png"),
        timelapse=PLAN.run_pattern("timelapse.mp4"),
        kept=[temp(path) for path in PLAN.kept_patterns],
    log:
        f"{PLAN.root}/log/train/{OF_SEED}/{{group}}.log",
    benchmark:
        f"{PLAN.root}/cost/train/{OF_SEED}/{{group}}.tsv"
    wildcard_constraints:
        method=any_of(PLAN.pictures),
        group=PLAN.groups,
    conda:
        "../../envs/learning.yaml"
    threads: PLAN.training_threads
    params:
        code=lambda wildcards: fingerprint(*PLAN.train_code(wildcards.method)),
        job=lambda wildcards: PLAN.train_job(
            wildcards.method, wildcards.seed, wildcards.group
        ),
    script:
        "../../scripts/train.py"


rule curve:
    input:
        weights=lambda wildcards: PLAN.kept(
            wildcards.method, wildcards.seed, wildcards.group
        ),
        evidence=lambda wildcards: PLAN.curve_evidence(
            wildcards.method, wildcards.group
        ),
    output:
        curve=PLAN.curve_pattern,
    log:
        f"{PLAN.root}/log/curve/{OF_SEED}/{{group}}.log",
    benchmark:
        f"{PLAN.root}/cost/curve/{OF_SEED}/{{group}}.tsv"
    wildcard_constraints:
        group=PLAN.groups,
    conda:
        "../../envs/learning.yaml"
    params:
        code=lambda wildcards: fingerprint(*PLAN.curve_code(wildcards.method)),
        job=lambda wildcards: PLAN.curve_job(
            wildcards.method, wildcards.seed, wildcards.group
        ),
    script:
        "../../scripts/curve.py"

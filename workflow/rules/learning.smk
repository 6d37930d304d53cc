# One training a method and group of subjects; it may serve several fakes. The snapshots beside the weights are nobody's
# output, so that Snakemake leaves them after an interruption and the next run resumes.


rule train:
    input:
        facesets=lambda wildcards: PLAN.training_facesets(wildcards.group),
        clips=lambda wildcards: PLAN.training_clips(wildcards.group),
    output:
        weights=PLAN.run_pattern("weights.safetensors"),
        card=PLAN.run_pattern("card.json"),
        loss=PLAN.run_pattern("loss.csv"),
        preview=PLAN.run_pattern("preview.png"),
        timelapse=PLAN.run_pattern("timelapse.mp4"),
    log:
        f"{PLAN.root}/log/train/{{method}}/{{group}}.log",
    benchmark:
        f"{PLAN.root}/cost/train/{{method}}/{{group}}.tsv"
    wildcard_constraints:
        group=PLAN.groups,
    conda:
        "../../envs/learning.yaml"
    threads: PLAN.training_threads
    params:
        code=lambda wildcards: fingerprint(
            "scripts/train.py", f"understudy.methods.{wildcards.method}"
        ),
        job=lambda wildcards: PLAN.train_job(wildcards.method, wildcards.group),
    script:
        "../../scripts/train.py"

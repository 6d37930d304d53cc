# The page that people open, and the finished version that nothing overwrites.


rule report:
    input:
        scores=rules.gather.output.scores,
        tables=rules.gather.output,
        fakes=PLAN.all_fakes,
        cards=PLAN.all_cards,
        facesets=PLAN.all_facesets,
        segments=PLAN.all_segments,
        runs=PLAN.all_runs,
        truths=PLAN.all_truths,
    output:
        report(
            directory(f"{PLAN.root}/report"),
            htmlindex="report.html",
            category="Report",
            caption="../report/report.rst",
        ),
    log:
        f"{PLAN.root}/log/report.log",
    conda:
        "../../envs/report.yaml"
    params:
        code=fingerprint("scripts/report.py"),
        job=PLAN.report_job,
    script:
        "../../scripts/report.py"


rule close:
    input:
        report=rules.report.output,
        scores=rules.gather.output,
        fakes=PLAN.all_fakes,
        cards=PLAN.all_cards,
        runs=PLAN.all_runs,
        facesets=PLAN.all_facesets,
    output:
        update(PLAN.receipt),
    log:
        f"{PLAN.root}/log/close.log",
    conda:
        "../../envs/report.yaml"
    params:
        code=fingerprint("scripts/close.py"),
        job=PLAN.close_job,
    script:
        "../../scripts/close.py"

# Voices: speech cut into segments, a training, the driver's words in the source's voice, and what that is worth.


rule say:
    output:
        clip=PLAN.clip_pattern,
    log:
        f"{PLAN.root}/log/render/{{clip}}.log",
    benchmark:
        f"{PLAN.root}/cost/render/{{clip}}.tsv"
    wildcard_constraints:
        clip=PLAN.said,
    conda:
        "../../envs/cast.yaml"
    params:
        code=fingerprint("scripts/say.py"),
        job=lambda wildcards: PLAN.say_job(wildcards.clip),
    script:
        "../../scripts/say.py"


rule speech:
    input:
        PLAN.clip_pattern,
    output:
        directory(PLAN.speech_pattern),
    log:
        f"{PLAN.root}/log/speech/{{clip}}.log",
    benchmark:
        f"{PLAN.root}/cost/speech/{{clip}}.tsv"
    conda:
        "../../envs/speech.yaml"
    params:
        code=fingerprint("scripts/speech.py"),
        job=lambda wildcards: PLAN.speech_job(wildcards.clip),
    script:
        "../../scripts/speech.py"


rule train_voice:
    input:
        segments=lambda wildcards: PLAN.voice_segments(wildcards.group),
        clips=lambda wildcards: PLAN.voice_clips(wildcards.group),
    output:
        weights=PLAN.run_pattern("weights.safetensors"),
        card=PLAN.run_pattern("card.json"),
        loss=PLAN.run_pattern("loss.csv"),
    log:
        f"{PLAN.root}/log/train/{OF_SEED}/{{group}}.log",
    benchmark:
        f"{PLAN.root}/cost/train/{OF_SEED}/{{group}}.tsv"
    wildcard_constraints:
        method=any_of(PLAN.voices),
        group=PLAN.groups,
    conda:
        "../../envs/speech.yaml"
    threads: PLAN.training_threads
    params:
        code=lambda wildcards: fingerprint(*PLAN.train_code(wildcards.method)),
        job=lambda wildcards: PLAN.train_voice_job(
            wildcards.method, wildcards.seed, wildcards.group
        ),
    script:
        "../../scripts/train.py"


rule revoice:
    input:
        voice=lambda wildcards: PLAN.voice_inputs(
            wildcards.method, wildcards.seed, wildcards.source, wildcards.clip
        ),
        clip=PLAN.clip_pattern,
    output:
        fake=PLAN.fake_pattern,
        card=PLAN.fake_card_pattern,
        timing=PLAN.timing_pattern,
    log:
        f"{PLAN.root}/log/convert/{OF_SEED}/{{source}}/{{clip}}.log",
    benchmark:
        f"{PLAN.root}/cost/convert/{OF_SEED}/{{source}}/{{clip}}.tsv"
    wildcard_constraints:
        method=any_of(PLAN.voices),
    conda:
        "../../envs/speech.yaml"
    params:
        code=lambda wildcards: fingerprint(
            "scripts/revoice.py", *PLAN.voice_code(wildcards.method)
        ),
        job=lambda wildcards: PLAN.revoice_job(
            wildcards.method, wildcards.seed, wildcards.source, wildcards.clip
        ),
    script:
        "../../scripts/revoice.py"


rule true_voice:
    input:
        PLAN.clip_pattern,
    output:
        truth=PLAN.voice_truth_pattern,
    log:
        f"{PLAN.root}/log/truth/{{source}}/{{clip}}.voice.log",
    benchmark:
        f"{PLAN.root}/cost/truth/{{source}}/{{clip}}.voice.tsv"
    conda:
        "../../envs/cast.yaml"
    params:
        code=fingerprint("scripts/true_voice.py"),
        job=lambda wildcards: PLAN.true_voice_job(wildcards.source, wildcards.clip),
    script:
        "../../scripts/true_voice.py"


rule listen:
    input:
        unpack(lambda wildcards: PLAN.heard_evidence(wildcards.source, wildcards.clip)),
        networks=PLAN.judges,
        fake=PLAN.fake_pattern,
    output:
        scores=voiced(PLAN.scores_pattern),
    log:
        f"{PLAN.root}/log/measure/{OF_SEED}/{{source}}/{{clip}}.voice.log",
    benchmark:
        f"{PLAN.root}/cost/measure/{OF_SEED}/{{source}}/{{clip}}.voice.tsv"
    wildcard_constraints:
        method=any_of(PLAN.audible),
    conda:
        "../../envs/speech.yaml"
    params:
        code=fingerprint("scripts/listen.py", *PLAN.metric_modules),
        job=lambda wildcards: PLAN.listen_job(
            wildcards.method, wildcards.seed, wildcards.source, wildcards.clip
        ),
    script:
        "../../scripts/listen.py"


rule heard_sanity:
    input:
        unpack(lambda wildcards: PLAN.heard_evidence(wildcards.source, wildcards.clip)),
        networks=PLAN.judges,
        other=lambda wildcards: PLAN.other_recording(wildcards.source),
    output:
        scores=voiced(PLAN.sanity_pattern),
    log:
        f"{PLAN.root}/log/sanity/{{source}}/{{clip}}.voice.log",
    benchmark:
        f"{PLAN.root}/cost/sanity/{{source}}/{{clip}}.voice.tsv"
    conda:
        "../../envs/speech.yaml"
    params:
        code=fingerprint("scripts/sanity.py", *PLAN.metric_modules),
        job=lambda wildcards: PLAN.heard_sanity_job(wildcards.source, wildcards.clip),
    script:
        "../../scripts/sanity.py"


rule heard_validity:
    input:
        unpack(lambda wildcards: PLAN.heard_evidence(wildcards.source, wildcards.clip)),
        networks=PLAN.judges,
        wrong=lambda wildcards: PLAN.wrong_voice(wildcards.source, wildcards.clip),
    output:
        validity=voiced(PLAN.validity_pattern),
    log:
        f"{PLAN.root}/log/validity/{{source}}/{{clip}}.voice.log",
    benchmark:
        f"{PLAN.root}/cost/validity/{{source}}/{{clip}}.voice.tsv"
    conda:
        "../../envs/speech.yaml"
    params:
        code=fingerprint("scripts/validity.py", *PLAN.metric_modules),
        job=lambda wildcards: PLAN.heard_validity_job(wildcards.source, wildcards.clip),
    script:
        "../../scripts/validity.py"

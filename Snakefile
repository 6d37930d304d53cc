# Understudy: from consented footage to a report. Read the study, check every consent, then the rules in data order.
#
#   snakemake --cores all                                        the default study, on synthetic actors
#   snakemake --cores all --configfile mystudy/config.yaml       your own
import os

from understudy.job import fingerprint
from understudy.stages.jobs import plan_study
from understudy.stages.places import OF_SEED, voiced
from understudy.stages.plan import any_of

if "study" not in config:

    configfile: "config/config.yaml"


# The one place where a study is refused as a whole: a wrong key, a lost clip or a use that nobody consented to stops
# everything here, before any work. Every job checks its own uses again.
PLAN = plan_study(config, workflow.configfiles)

# Jobs that run in an environment of their family's find the package in this checkout.
os.environ |= {"PYTHONPATH": os.path.join(workflow.basedir, "src")}


wildcard_constraints:
    clip="|".join(PLAN.clips),
    source="|".join(PLAN.subjects),
    subject="|".join(PLAN.subjects),
    method="|".join(PLAN.entries),
    seed=r"\d+",


# Snakemake's scheduler (9.27) wakes itself up a second after each round, for its limit of 100 jobs a second, and each job
# that ends begins one more such chain: after 150 jobs it took 44 % of a core. Here, without the limit, it sleeps until a
# job ends. To a cluster the limit stays. (github.com/snakemake/snakemake/issues/2967)
onstart:
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None


rule all:
    input:
        PLAN.receipt,


include: "workflow/rules/cast.smk"
include: "workflow/rules/media.smk"
include: "workflow/rules/faces.smk"
include: "workflow/rules/staging.smk"
include: "workflow/rules/learning.smk"
include: "workflow/rules/fakes.smk"
include: "workflow/rules/scores.smk"
include: "workflow/rules/voices.smk"
include: "workflow/rules/report.smk"

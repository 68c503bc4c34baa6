"""The night and intraday runs from Dagster: one at a time, with retries and an alarm.

Load it with `dagster dev -f delivery_sessions.py`, or from your own Definitions, and take over
what dagster.yaml beside it says. The machine needs the project with its .venv, profiles.yml and
the variables that it names, and

    DELIVERY_SESSIONS  the folder of the project
    ALARM_WEBHOOK      an address that takes {"text": "..."}, as those of Slack and Mattermost do
"""

import json
import os
import subprocess
import urllib.request

import dagster as dg

# Longer than a run may take, retries apart: the claim of a killed run on Redshift expires soon,
# and that of a living one never does.
VARS = ["--vars", "run_lock_hours: 2"]
NIGHT_SECONDS = 90 * 60
INTRADAY_SECONDS = 15 * 60

RETRIES = dg.RetryPolicy(max_retries=2, delay=60)


def run_dbt(context, *words, seconds):
    """Run dbt to its end; dbt's own last lines are the failure's description."""
    try:
        done = subprocess.run(
            [".venv/bin/dbt", "--quiet", *words],
            cwd=os.environ.get("DELIVERY_SESSIONS", "/srv/delivery-sessions"),
            env={**os.environ, "DBT_TARGET": "redshift"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as error:
        # Another try would take as long.
        raise dg.Failure(
            f"Took longer than {seconds} s and was ended.", allow_retries=False
        ) from error
    context.log.info(done.stdout)
    if done.returncode:
        raise dg.Failure("\n".join(done.stdout.splitlines()[-5:]))


@dg.op(pool="delivery_sessions", retry_policy=RETRIES)
def run_intraday(context):
    """What sessions need."""
    run_dbt(context, "run", "--selector", "intraday", *VARS, seconds=INTRADAY_SECONDS)


@dg.op(pool="delivery_sessions", retry_policy=RETRIES, out=dg.Out(dg.Nothing))
def build_nightly(context):
    """Every table and the lean tests."""
    run_dbt(context, "build", "--selector", "nightly", *VARS, seconds=NIGHT_SECONDS)


@dg.op(ins={"built": dg.In(dg.Nothing)})
def check_freshness(context):
    """Fails when no new lines come."""
    run_dbt(context, "source", "freshness", seconds=INTRADAY_SECONDS)


@dg.job
def intraday():
    """Sessions every few minutes."""
    run_intraday()


# The priority: in the queue for the pool the night comes first.
@dg.job(tags={"dagster/priority": "100"})
def nightly():
    """Every table, once a day."""
    check_freshness(build_nightly())


@dg.schedule(
    job=intraday,
    cron_schedule="*/5 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def intraday_schedule(context):
    """Skips where a run is going on or waits; the next one reads the same lines."""
    for job in (nightly, intraday):
        unfinished = dg.RunsFilter(
            job_name=job.name,
            statuses=[
                dg.DagsterRunStatus.QUEUED,
                dg.DagsterRunStatus.NOT_STARTED,
                dg.DagsterRunStatus.STARTING,
                dg.DagsterRunStatus.STARTED,
                dg.DagsterRunStatus.CANCELING,
            ],
        )
        if context.instance.get_runs_count(unfinished):
            return dg.SkipReason(f"{job.name} has not ended.")
    return dg.RunRequest()


nightly_schedule = dg.ScheduleDefinition(
    job=nightly,
    cron_schedule="30 3 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)


@dg.run_failure_sensor(
    monitored_jobs=[intraday, nightly], default_status=dg.DefaultSensorStatus.RUNNING
)
def alarm(context):
    """Post what failed, after its last try."""
    text = f"{context.dagster_run.job_name} failed: {context.failure_event.message}"
    request = urllib.request.Request(
        os.environ["ALARM_WEBHOOK"],
        data=json.dumps({"text": f"{text} See docs/on-call.md."}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30):
        pass


defs = dg.Definitions(
    jobs=[intraday, nightly],
    schedules=[intraday_schedule, nightly_schedule],
    sensors=[alarm],
)

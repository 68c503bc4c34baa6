"""The night and intraday runs from Airflow 3: one at a time, with retries and an alarm.

Copy this file into the folder of the DAGs, and make the pool once; its one slot is what keeps two
runs from meeting:

    airflow pools set delivery_sessions 1 "One dbt run at a time"

The worker needs the project with its .venv, profiles.yml and the variables that it names, and

    DELIVERY_SESSIONS  the folder of the project
    ALARM_WEBHOOK      an address that takes {"text": "..."}, as those of Slack and Mattermost do
"""

import json
import os
import urllib.request
from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

# Longer than a run may take, retries apart: the claim of a killed run on Redshift expires soon,
# and that of a living one never does.
VARS = "--vars 'run_lock_hours: 2'"


def alarm(context):
    """Post what failed; Airflow calls it after the last try."""
    task = context["task_instance"]
    text = (
        f"{task.dag_id}.{task.task_id} failed after {task.try_number} tries: "
        f"{context.get('exception')}. See docs/on-call.md."
    )
    request = urllib.request.Request(
        os.environ["ALARM_WEBHOOK"],
        data=json.dumps({"text": text}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30):
        pass


def dbt(task_id, words, **settings):
    """A task that runs dbt. `exec`, so that it is dbt that Airflow ends, not the shell."""
    return BashOperator(
        task_id=task_id,
        bash_command=f"exec .venv/bin/dbt --quiet {words}",
        cwd=os.environ.get("DELIVERY_SESSIONS", "/srv/delivery-sessions"),
        env={"DBT_TARGET": "redshift"},
        append_env=True,
        **settings,
    )


DEFAULTS = {"retries": 2, "retry_delay": timedelta(minutes=1), "on_failure_callback": alarm}

with DAG(
    "delivery_sessions_intraday",
    schedule="*/5 * * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    doc_md="Sessions every few minutes; waits in the pool while the night runs. docs/schedules.md",
):
    dbt(
        "run",
        f"run --selector intraday {VARS}",
        pool="delivery_sessions",
        execution_timeout=timedelta(minutes=15),
    )

with DAG(
    "delivery_sessions_nightly",
    schedule="30 3 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    doc_md="Every table and the lean tests. docs/schedules.md",
):
    build = dbt(
        "build",
        f"build --selector nightly {VARS}",
        pool="delivery_sessions",
        # Takes the slot before any intraday run that waits.
        priority_weight=100,
        weight_rule="absolute",
        execution_timeout=timedelta(minutes=90),
    )
    build >> dbt(
        "freshness", "source freshness", retries=0, execution_timeout=timedelta(minutes=15)
    )

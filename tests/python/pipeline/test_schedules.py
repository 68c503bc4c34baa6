"""The schedules: what they say is valid, they run one at a time, try again, and raise an alarm.

Airflow and Dagster are no dependencies: their files are loaded with stand-ins that keep what they
are given. What only the real schedulers can show is in pipeline/schedules/README.md.
"""

from __future__ import annotations

import copy
import json
import os
import re
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar
from unittest import mock

import boto3
import cfnlint
import pytest
import yaml
from cfnlint.decode import cfn_yaml
from moto import mock_aws

from tests.python.conftest import ROOT

SCHEDULES = ROOT / "pipeline/schedules"
SCRIPT = SCHEDULES / "cron/run.sh"
CRONTAB = SCHEDULES / "cron/crontab"
AIRFLOW = SCHEDULES / "airflow/delivery_sessions.py"
DAGSTER = SCHEDULES / "dagster/delivery_sessions.py"
TEMPLATE = SCHEDULES / "step-functions/schedules.yml"
NIGHT = "30 3 * * *"
INTRADAY = "*/5 * * * *"

# ---------------------------------------------------------------- what all of them share


@pytest.mark.parametrize("path", [SCRIPT, AIRFLOW, DAGSTER, TEMPLATE], ids=lambda path: path.name)
def test_selectors_exist_and_both_are_run(path: Path) -> None:
    text = path.read_text("utf-8")
    selectors = {
        one["name"] for one in yaml.safe_load((ROOT / "selectors.yml").read_text())["selectors"]
    }
    named = set(re.findall(r'--selector[", ]+(\w+)', text))
    assert named == {"nightly", "intraday"}
    assert named <= selectors
    commands = re.findall(r'\b(run|build)[", ]+--selector[", ]+(\w+)', text)
    assert set(commands) == {("run", "intraday"), ("build", "nightly")}


def seconds(text: str) -> int:
    return int(text[:-1]) * {"s": 1, "m": 60, "h": 3600}[text[-1]]


def limits() -> dict[str, list[int]]:
    """Seconds after which each scheduler ends a run."""
    dags = airflow_dags()
    dagster = dagster_module()
    return {
        "cron": [
            seconds(one)
            for one in re.findall(r"^ +limit=\$\{LIMIT:-(\w+)\}$", SCRIPT.read_text("utf-8"), re.M)
        ],
        "airflow": [
            int(task["execution_timeout"].total_seconds())
            for dag in dags.values()
            for task in dag.tasks
            if "pool" in task
        ],
        "dagster": [dagster["INTRADAY_SECONDS"], dagster["NIGHT_SECONDS"]],
        "step functions": [
            state["TimeoutSeconds"]
            for machine in machines().values()
            for state in machine["States"].values()
            if "selector" in json.dumps(state)
        ],
    }


@pytest.mark.parametrize("scheduler", ["cron", "airflow", "dagster", "step functions"])
def test_no_run_outlives_its_claim(scheduler: str) -> None:
    path = dict(zip(limits(), [SCRIPT, AIRFLOW, DAGSTER, TEMPLATE], strict=True))[scheduler]
    hours = {int(found) for found in re.findall(r"run_lock_hours: (\d+)", path.read_text("utf-8"))}
    assert hours == {2}
    assert sorted(limits()[scheduler]) == [15 * 60, 90 * 60]
    assert "run_lock_hours" in yaml.safe_load((ROOT / "dbt_project.yml").read_text("utf-8"))["vars"]


def test_the_readme_lists_every_file() -> None:
    readme = (SCHEDULES / "README.md").read_text("utf-8")
    files = {str(path.relative_to(SCHEDULES)) for path in SCHEDULES.glob("*/*") if path.is_file()}
    assert set(re.findall(r"^\| `([^`]+)` \|", readme, re.M)) == files


# ---------------------------------------------------------------- cron

# What it does follows from the files beside it: waits while there is `hold`, fails as often as
# `failures` says, or always at the command that `broken` names.
FAKE_DBT = """#!/usr/bin/env bash
cd "$(dirname "$0")"
echo "$*" >> calls
while [ -e hold ]; do sleep 0.05; done
fail() { echo "Database Error in model x"; exit 1; }
if [ -e broken ] && [[ "$*" == *"$(cat broken)"* ]]; then fail; fi
if [ -s failures ]; then sed -i '$d' failures; fail; fi
"""


class Machine:
    """A machine with run.sh, and a dbt that does what it is told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dbt = folder / "dbt"
        self.dbt.write_text(FAKE_DBT)
        self.dbt.chmod(0o755)
        self.environment = {
            "PATH": f"{folder}:/usr/local/bin:/usr/bin:/bin",
            "LOCK_FOLDER": str(folder / "state"),
            "DBT_TARGET": "redshift",
            "PAUSE": "0",
            "ALARM": f"cat >> {folder}/alarms",
        }

    @contextmanager
    def start(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        with subprocess.Popen(
            [SCRIPT, *words],
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            try:
                yield process
            except BaseException:
                # Else a failed test would wait for a run that waits for it.
                (self.folder / "hold").unlink(missing_ok=True)
                raise

    def __call__(self, *words: str) -> tuple[int, str]:
        with self.start(*words) as process:
            output, _ = process.communicate(timeout=15)
            return process.returncode, output

    def put(self, name: str, text: str = "") -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


INTRADAY_CALL = "--quiet run --selector intraday --vars run_lock_hours: 2"
NIGHT_CALL = "--quiet build --selector nightly --vars run_lock_hours: 2"


def test_the_script_is_valid_and_may_be_run() -> None:
    assert subprocess.run(["bash", "-n", SCRIPT]).returncode == 0
    assert os.access(SCRIPT, os.X_OK)


def test_what_the_script_runs(machine: Machine) -> None:
    assert machine("intraday")[0] == machine("nightly")[0] == 0
    assert machine.lines("calls") == [INTRADAY_CALL, NIGHT_CALL, "--quiet source freshness"]
    assert machine.lines("alarms") == []


def test_on_duckdb_the_script_loads_first(machine: Machine) -> None:
    del machine.environment["DBT_TARGET"]
    assert machine("intraday")[0] == 0
    assert machine.lines("calls") == ["--quiet run-operation load_event_lines", INTRADAY_CALL]


@pytest.mark.parametrize("words", [(), ("weekly",)])
def test_the_script_says_what_it_can_run(machine: Machine, words: tuple[str, ...]) -> None:
    assert machine(*words) == (2, "Say which run: run.sh nightly, or run.sh intraday.\n")


@pytest.mark.parametrize("first", ["intraday", "nightly"])
def test_intraday_ends_at_once_where_a_run_is_going_on(machine: Machine, first: str) -> None:
    hold = machine.put("hold")
    with machine.start(first) as running:
        until(lambda: machine.lines("calls"))
        status, output = machine("intraday")
        hold.unlink()
        running.communicate(timeout=30)
    assert (status, output[20:]) == (0, "intraday: skipped, another run is going on\n")
    assert running.returncode == 0
    assert sum("--selector" in call for call in machine.lines("calls")) == 1
    assert machine.lines("alarms") == []


def test_the_night_waits_for_an_intraday_run_and_no_other_starts_in_front_of_it(
    machine: Machine,
) -> None:
    hold = machine.put("hold")
    with machine.start("intraday") as intraday:
        until(lambda: machine.lines("calls"))
        with machine.start("nightly") as night:
            time.sleep(0.3)
            assert machine("intraday")[0] == 0
            hold.unlink()
            intraday.communicate(timeout=30)
            night.communicate(timeout=30)
    assert (intraday.returncode, night.returncode) == (0, 0)
    assert machine.lines("calls")[:2] == [INTRADAY_CALL, NIGHT_CALL]


def test_a_dbt_that_outlives_its_script_keeps_the_lock(machine: Machine) -> None:
    hold = machine.put("hold")
    with machine.start("intraday") as running:
        until(lambda: machine.lines("calls"))
        running.send_signal(signal.SIGKILL)
        running.wait(timeout=30)
        assert "skipped" in machine("intraday")[1]
        hold.unlink()
    until(lambda: "done" in machine("intraday")[1])


def test_a_try_that_takes_too_long_is_ended_and_not_repeated(machine: Machine) -> None:
    machine.put("hold")
    machine.environment["LIMIT"] = "0.5"
    status, output = machine("intraday")
    assert status == 1
    assert "took longer than 0.5 and was ended" in output
    assert machine.lines("calls") == [INTRADAY_CALL]
    assert len(machine.lines("alarms")) == 1


def test_a_night_that_cannot_start_raises_the_alarm(machine: Machine) -> None:
    hold = machine.put("hold")
    machine.environment["PATIENCE"] = "0.2"
    with machine.start("intraday") as running:
        until(lambda: machine.lines("calls"))
        assert machine("nightly")[0] == 1
        hold.unlink()
        running.communicate(timeout=30)
    (alarm,) = machine.lines("alarms")
    assert "nightly: gave up behind another run that does not end; end that one" in alarm


def test_the_night_waits_longer_than_all_tries_of_an_intraday_run() -> None:
    text = SCRIPT.read_text("utf-8")
    patience, tries, pause = (
        int(number)
        for name in ("PATIENCE", "TRIES", "PAUSE")
        for number in set(re.findall(rf"\{{{name}:-(\d+)", text))
    )
    assert tries * min(limits()["cron"]) + (tries - 1) * pause < patience


def test_the_script_tries_again(machine: Machine) -> None:
    machine.put("failures", "1\n2\n")
    status, output = machine("intraday")
    assert status == 0
    assert machine.lines("calls") == [INTRADAY_CALL] * 3
    assert output.count("again in 0 s") == 2
    assert output.endswith("intraday: done\n")
    assert machine.lines("alarms") == []


def test_after_the_last_try_the_alarm_rings_once_until_a_run_ends_well(machine: Machine) -> None:
    broken = machine.put("broken", "intraday")
    for _ in range(2):
        status, output = machine("intraday")
        assert status == 1
        assert "failed 3 times, see docs/on-call.md" in output
    (alarm,) = machine.lines("alarms")
    assert alarm.endswith("the end of the last: Database Error in model x")

    # Another kind of run that ends well says nothing about this one.
    assert machine("nightly")[0] == 0
    machine("intraday")
    assert len(machine.lines("alarms")) == 1

    broken.unlink()
    assert machine("intraday")[0] == 0
    machine.put("broken", "intraday")
    machine("intraday")
    assert len(machine.lines("alarms")) == 2


def test_an_alarm_that_does_not_go_out_is_said_and_tried_again(machine: Machine) -> None:
    machine.put("broken", "intraday")
    works = machine.environment["ALARM"]
    machine.environment["ALARM"] = "exit 7"
    assert "the alarm did not go out" in machine("intraday")[1]
    machine.environment["ALARM"] = works
    machine("intraday")
    assert len(machine.lines("alarms")) == 1


def test_a_night_without_new_lines_raises_the_alarm_but_is_built(machine: Machine) -> None:
    machine.put("broken", "freshness")
    assert machine("nightly")[0] == 1
    assert machine.lines("calls") == [NIGHT_CALL, "--quiet source freshness"]
    (alarm,) = machine.lines("alarms")
    assert "no new lines come" in alarm


RANGES = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)]


def is_time(fields: list[str]) -> bool:
    """Whether these are the five fields of a crontab's line."""

    def is_valid(part: str, low: int, high: int) -> bool:
        found = re.fullmatch(r"(?:\*|(\d+)(?:-(\d+))?)(?:/([1-9]\d*))?", part)
        return found is not None and all(
            low <= int(number) <= high for number in found.groups()[:2] if number
        )

    return len(fields) == 5 and all(
        is_valid(part, low, high)
        for field, (low, high) in zip(fields, RANGES, strict=True)
        for part in field.split(",")
    )


@pytest.mark.parametrize(
    "time", ["60 3 * * *", "* 24 * * *", "* * 0 * *", "*/0 * * * *", "a * * * *"]
)
def test_a_wrong_time_would_be_found(time: str) -> None:
    assert not is_time(time.split())


def test_every_line_of_the_crontab_can_be_read() -> None:
    text = CRONTAB.read_text("utf-8")
    assert text.endswith("\n")
    jobs, settings = {}, {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        if found := re.fullmatch(r"([A-Z_]+)=(.+)", line):
            settings[found[1]] = found[2]
            continue
        *fields, command = line.split(maxsplit=5)
        assert is_time(fields), line
        # A percent sign ends a command in a crontab.
        assert "%" not in command
        (found,) = re.finditer(r"(\S+/run\.sh) (\w+) >>", command)
        assert ROOT / found[1] == SCRIPT
        jobs[found[2]] = " ".join(fields)
    assert jobs == {"nightly": NIGHT, "intraday": INTRADAY}
    # Settings that the script does not know would do nothing.
    known = set(re.findall(r"^#   ([A-Z_]+) ", SCRIPT.read_text("utf-8"), re.M))
    assert {"DBT_TARGET", "ALARM"} <= settings.keys() & known
    assert settings.keys() - known == {"SHELL", "PATH", "DBT_PROFILES_DIR"}


def test_settings_in_the_head_of_the_script_are_those_it_reads() -> None:
    head, _, body = SCRIPT.read_text("utf-8").partition("set -uo pipefail")
    assert set(re.findall(r"^#   ([A-Z_]+) ", head, re.M)) == set(
        re.findall(r"\$\{([A-Z_]+):-", body)
    )


# ---------------------------------------------------------------- webhooks


class Webhook(BaseHTTPRequestHandler):
    """Keeps what is posted."""

    posted: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        self.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    Webhook.posted.clear()
    with HTTPServer(("127.0.0.1", 0), Webhook) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("ALARM_WEBHOOK", f"http://127.0.0.1:{server.server_port}/")
        yield Webhook.posted
        server.shutdown()


@contextmanager
def stand_ins(**modules: Any) -> Iterator[None]:
    """Modules by name, with `_` for the dot, while a file is loaded."""
    made = {}
    for name, content in modules.items():
        made[name.replace("_", ".")] = module = ModuleType(name.replace("_", "."))
        vars(module).update(content)
    with mock.patch.dict(sys.modules, made):
        yield


# ---------------------------------------------------------------- Airflow


class Dag:
    """Keeps what a DAG was given, and its tasks."""

    made: ClassVar[dict[str, Dag]] = {}

    def __init__(self, dag_id: str, **settings: Any) -> None:
        self.settings = settings
        self.tasks: list[dict[str, Any]] = []
        self.made[dag_id] = self

    def __enter__(self) -> Dag:
        Operator.dag = self
        return self

    def __exit__(self, *error: object) -> None:
        pass


class Operator:
    """Keeps what a task was given, and what comes after it."""

    dag: ClassVar[Dag]

    def __init__(self, **settings: Any) -> None:
        self.settings = {**self.dag.settings["default_args"], **settings}
        self.dag.tasks.append(self.settings)

    def __rshift__(self, other: Operator) -> Operator:
        self.settings["next"] = other.settings["task_id"]
        return other


def airflow_dags() -> dict[str, Dag]:
    Dag.made.clear()
    with stand_ins(
        airflow={},
        airflow_sdk={"DAG": Dag},
        airflow_providers={},
        airflow_providers_standard={},
        airflow_providers_standard_operators={},
        airflow_providers_standard_operators_bash={"BashOperator": Operator},
    ):
        runpy.run_path(str(AIRFLOW))
    return dict(Dag.made)


def test_airflow_runs_one_of_each_at_a_time_and_makes_up_for_none() -> None:
    dags = airflow_dags()
    schedules = {name: dag.settings["schedule"] for name, dag in dags.items()}
    assert schedules == {
        "delivery_sessions_intraday": INTRADAY,
        "delivery_sessions_nightly": NIGHT,
    }
    for dag in dags.values():
        assert dag.settings["max_active_runs"] == 1
        assert dag.settings["catchup"] is False
        assert dag.settings["start_date"].utcoffset().total_seconds() == 0


def test_airflow_keeps_the_night_and_intraday_apart_and_lets_the_night_win() -> None:
    dags = airflow_dags()
    (run,) = dags["delivery_sessions_intraday"].tasks
    build, freshness = dags["delivery_sessions_nightly"].tasks
    assert run["pool"] == build["pool"] == "delivery_sessions"
    assert f"airflow pools set {run['pool']} 1 " in AIRFLOW.read_text("utf-8")
    assert build["priority_weight"] > run.get("priority_weight", 1)
    assert build["weight_rule"] == "absolute"
    assert build["next"] == freshness["task_id"]
    for task in (run, build):
        assert task["retries"] == 2
        assert task["retry_delay"].total_seconds() >= 60


def test_what_airflow_runs(machine: Machine) -> None:
    project = machine.folder
    (project / ".venv/bin").mkdir(parents=True)
    (project / ".venv/bin/dbt").symlink_to(machine.dbt)
    for task in (task for dag in airflow_dags().values() for task in dag.tasks):
        assert task["env"] == {"DBT_TARGET": "redshift"}
        assert task["append_env"] is True
        subprocess.run(["bash", "-c", task["bash_command"]], cwd=project, check=True)
    calls = (project / ".venv/bin/calls").read_text().splitlines()
    assert calls == [INTRADAY_CALL, NIGHT_CALL, "--quiet source freshness"]


def test_airflow_posts_what_failed(posted: list[dict[str, Any]]) -> None:
    (run,) = airflow_dags()["delivery_sessions_intraday"].tasks
    task = SimpleNamespace(dag_id="delivery_sessions_intraday", task_id="run", try_number=3)
    run["on_failure_callback"]({"task_instance": task, "exception": "Bash command failed"})
    (message,) = posted
    assert message["text"] == (
        "delivery_sessions_intraday.run failed after 3 tries: Bash command failed."
        " See docs/on-call.md."
    )


# ---------------------------------------------------------------- Dagster


class Failure(Exception):  # noqa: N818
    """Keeps whether Dagster may try again."""

    def __init__(self, description: str, allow_retries: bool = True) -> None:
        super().__init__(description)
        self.allow_retries = allow_retries


def kept(**settings: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator that keeps what it was given, with the function."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        vars(function).update(settings=settings, name=function.__name__)
        return function

    return decorate


def dagster_module() -> dict[str, Any]:
    library = {
        "op": kept,
        "job": lambda function=None, **settings: (
            kept(**settings)(function) if function else kept(**settings)
        ),
        "schedule": kept,
        "run_failure_sensor": kept,
        "Failure": Failure,
        **{
            name: lambda *words, **settings: SimpleNamespace(words=words, **settings)
            for name in (
                *("RetryPolicy", "ScheduleDefinition", "Definitions", "RunsFilter"),
                *("RunRequest", "SkipReason", "In", "Out"),
            )
        },
        "Nothing": None,
        "DagsterRunStatus": mock.MagicMock(),
        "DefaultScheduleStatus": SimpleNamespace(RUNNING="running"),
        "DefaultSensorStatus": SimpleNamespace(RUNNING="running"),
    }
    with stand_ins(dagster=library):
        return runpy.run_path(str(DAGSTER))


def test_dagster_schedules_both_and_starts_them() -> None:
    loaded = dagster_module()
    intraday, night = loaded["intraday_schedule"].settings, vars(loaded["nightly_schedule"])
    assert (intraday["job"], intraday["cron_schedule"]) == (loaded["intraday"], INTRADAY)
    assert (night["job"], night["cron_schedule"]) == (loaded["nightly"], NIGHT)
    assert night["execution_timezone"] == "UTC"
    sensor = loaded["alarm"].settings
    assert sensor["monitored_jobs"] == [loaded["intraday"], loaded["nightly"]]
    assert {one["default_status"] for one in (intraday, night, sensor)} == {"running"}


@pytest.mark.parametrize("unfinished", [None, "intraday", "nightly"])
def test_dagster_skips_intraday_where_a_run_has_not_ended(unfinished: str | None) -> None:
    instance = SimpleNamespace(get_runs_count=lambda asked: int(asked.job_name == unfinished))
    answer = dagster_module()["intraday_schedule"](SimpleNamespace(instance=instance))
    assert answer.words == ((f"{unfinished} has not ended.",) if unfinished else ())


def test_dagster_has_one_pool_of_one_slot_in_which_the_night_comes_first() -> None:
    loaded = dagster_module()
    run, build = loaded["run_intraday"].settings, loaded["build_nightly"].settings
    assert run["pool"] == build["pool"]
    assert run["retry_policy"].max_retries == build["retry_policy"].max_retries == 2
    assert int(loaded["nightly"].settings["tags"]["dagster/priority"]) > 0
    assert "tags" not in loaded["intraday"].settings
    instance = yaml.safe_load((DAGSTER.parent / "dagster.yaml").read_text("utf-8"))
    assert instance["concurrency"]["pools"] == {"default_limit": 1, "granularity": "run"}
    assert instance["run_monitoring"] == {"enabled": True}


def test_what_dagster_runs_and_how_it_fails(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (machine.folder / ".venv/bin").mkdir(parents=True)
    (machine.folder / ".venv/bin/dbt").write_text(FAKE_DBT)
    (machine.folder / ".venv/bin/dbt").chmod(0o755)
    monkeypatch.setenv("DELIVERY_SESSIONS", str(machine.folder))
    loaded = dagster_module()
    context = SimpleNamespace(log=mock.Mock())
    for name in ("run_intraday", "build_nightly", "check_freshness"):
        loaded[name](context)
    calls = machine.lines(".venv/bin/calls")
    assert calls == [INTRADAY_CALL, NIGHT_CALL, "--quiet source freshness"]

    machine.put(".venv/bin/broken", "intraday")
    with pytest.raises(Failure, match=r"^Database Error in model x$") as failed:
        loaded["run_intraday"](context)
    assert failed.value.allow_retries

    machine.put(".venv/bin/hold")
    with pytest.raises(Failure, match=r"^Took longer than 0\.5 s and was ended\.$") as failed:
        loaded["run_dbt"](context, "run", seconds=0.5)
    assert not failed.value.allow_retries


def test_dagster_posts_what_failed(posted: list[dict[str, Any]]) -> None:
    context = SimpleNamespace(
        dagster_run=SimpleNamespace(job_name="nightly"),
        failure_event=SimpleNamespace(message="Steps failed: ['build_nightly']."),
    )
    dagster_module()["alarm"](context)
    (message,) = posted
    assert (
        message["text"] == "nightly failed: Steps failed: ['build_nightly']. See docs/on-call.md."
    )


# ---------------------------------------------------------------- Step Functions


def template() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(json.dumps(cfn_yaml.load(str(TEMPLATE))))
    return loaded


VALUES = {"Subnets": 'subnet-1", "subnet-2', "AWS::Partition": "aws"}


def machines() -> dict[str, dict[str, Any]]:
    """The two state machines, with a value for each `${...}`."""
    found = {}
    for name, resource in template()["Resources"].items():
        if resource["Type"] == "AWS::StepFunctions::StateMachine":
            text, variables = resource["Properties"]["DefinitionString"]["Fn::Sub"]
            known = {*variables, *template()["Parameters"], *template()["Resources"], *VALUES}
            assert set(re.findall(r"\$\{([^}]+)\}", text)) <= known
            filled = re.sub(
                r"\$\{([^}]+)\}", lambda one: VALUES.get(str(one[1]), str(one[1])), text
            )
            found[name] = json.loads(filled)
    return found


def following(state: dict[str, Any]) -> set[str]:
    """The states that may come next."""
    rules = [*state.get("Choices", []), *state.get("Catch", [])]
    names = [state.get("Next"), state.get("Default"), *(rule["Next"] for rule in rules)]
    return {name for name in names if name}


def mistakes(machine: dict[str, Any]) -> set[str]:
    """What is wrong with a state machine."""
    states: dict[str, dict[str, Any]] = machine["States"]
    found = set()
    reached, ahead = set(), {machine["StartAt"]}
    while ahead:
        name = ahead.pop()
        if name not in states:
            found.add(f"{name} does not exist")
        elif name not in reached:
            reached.add(name)
            ahead |= following(states[name])
    found |= {f"{name} is never reached" for name in states.keys() - reached}
    for name, state in states.items():
        is_end = state["Type"] in ("Succeed", "Fail") or state.get("End", False)
        if is_end == bool(following(state) - {rule["Next"] for rule in state.get("Catch", [])}):
            found.add(f"{name} either ends or goes on")
        if state["Type"] == "Choice" and "Default" not in state:
            found.add(f"{name} has no default")
        if state["Type"] == "Task":
            if not state.get("Retry"):
                found.add(f"{name} is not tried again")
            if not state.get("Catch") and "sns:publish" not in state["Resource"]:
                found.add(f"{name} raises no alarm")
            if "runTask" in state["Resource"] and "TimeoutSeconds" not in state:
                found.add(f"{name} has no limit")
    return found


def test_cfn_lint_finds_nothing_in_the_schedules() -> None:
    assert [str(match) for match in cfnlint.lint_file(TEMPLATE)] == []


@pytest.mark.parametrize("name", ["Intraday", "Nightly"])
def test_a_state_machine_has_no_mistake(name: str) -> None:
    machine = machines()[name]
    assert mistakes(machine) == set()
    for state in machine["States"].values():
        if "TimeoutSeconds" in state:
            assert state["Retry"][0] == {"ErrorEquals": ["States.Timeout"], "MaxAttempts": 0}
        for rule in state.get("Catch", []):
            assert (rule["ErrorEquals"], rule["Next"]) == (["States.ALL"], "Alarm")
    # The subnets of two zones are two items of a list.
    assert '["subnet-1", "subnet-2"]' in json.dumps(machine)


def change(state: str, **values: Any) -> Callable[[dict[str, Any]], None]:
    """Sets keys of a state; None takes one away."""

    def apply(machine: dict[str, Any]) -> None:
        for key, value in values.items():
            machine["States"][state][key] = value
            if value is None:
                del machine["States"][state][key]

    return apply


@pytest.mark.parametrize(
    ("apply", "expected"),
    [
        (change("FindNights", Next="Nowhere"), "Nowhere does not exist"),
        (change("IsAnotherRunGoingOn", Default="Skip"), "RunDbt is never reached"),
        (change("IsAnotherRunGoingOn", Default=None), "IsAnotherRunGoingOn has no default"),
        (change("RunDbt", End=None), "RunDbt either ends or goes on"),
        (change("RunDbt", Retry=None), "RunDbt is not tried again"),
        (change("RunDbt", Catch=None), "RunDbt raises no alarm"),
        (change("RunDbt", TimeoutSeconds=None), "RunDbt has no limit"),
    ],
)
def test_a_mistake_of_a_state_machine_would_be_found(
    apply: Callable[[dict[str, Any]], None], expected: str
) -> None:
    machine = copy.deepcopy(machines()["Intraday"])
    apply(machine)
    assert expected in mistakes(machine)


def longest(machine: dict[str, Any]) -> int:
    """Seconds that all tries of all its tasks may take."""
    total = 0
    for state in machine["States"].values():
        if "TimeoutSeconds" in state:
            rule = state["Retry"][-1]
            pauses = [
                rule["IntervalSeconds"] * rule["BackoffRate"] ** number
                for number in range(rule["MaxAttempts"])
            ]
            total += (rule["MaxAttempts"] + 1) * state["TimeoutSeconds"] + sum(pauses)
    return total


def test_a_machine_is_given_the_time_that_its_tries_may_take() -> None:
    intraday, night = machines()["Intraday"], machines()["Nightly"]
    assert longest(intraday) < intraday["TimeoutSeconds"]
    assert longest(intraday) + longest(night) < night["TimeoutSeconds"]


def test_the_schedules_start_the_machines_at_the_same_times_as_cron() -> None:
    loaded = template()
    times = {
        resource["Properties"]["Target"]["Arn"]["Ref"]: loaded["Parameters"][
            resource["Properties"]["ScheduleExpression"]["Ref"]
        ]["Default"]
        for resource in loaded["Resources"].values()
        if resource["Type"] == "AWS::Scheduler::Schedule"
    }
    assert times == {"Intraday": "rate(5 minutes)", "Nightly": "cron(30 3 * * ? *)"}


def test_alarms_go_to_the_topic() -> None:
    loaded = template()
    for machine in machines().values():
        assert machine["States"]["Alarm"]["Parameters"]["TopicArn"] == "AlarmTopic"
        assert machine["States"]["Alarm"]["Next"] == "Failed"
    missing = {
        resource["Properties"]["Dimensions"][0]["Value"]["Ref"]
        for resource in loaded["Resources"].values()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
        and resource["Properties"]["AlarmActions"] == [{"Ref": "AlarmTopic"}]
        and resource["Properties"]["TreatMissingData"] == "breaching"
    }
    assert missing == {"Intraday", "Nightly"}


RUNNING = {"Executions": [{"Status": "RUNNING"}]}
TWO_RUNNING = {"Executions": RUNNING["Executions"] * 2}
NONE_RUNNING: dict[str, Any] = {"Executions": []}
# A request that moto refuses, so that the state fails as one of a task does.
REFUSED = "arn:aws:states:::aws-sdk:sfn:describeExecution"
REFUSED_PARAMETERS = {"ExecutionArn": "arn:aws:states:us-east-1:123456789012:execution:none:none"}


def answered(machine: dict[str, Any], **answers: Any) -> dict[str, Any]:
    """The machine with an answer in place of each request; None for one that is refused."""
    machine = copy.deepcopy(machine)
    for name, state in machine["States"].items():
        if state["Type"] != "Task":
            continue
        for rule in state["Retry"]:
            if rule["MaxAttempts"]:
                rule |= {"IntervalSeconds": 1, "BackoffRate": 1}
        answer = answers.get(name, {})
        if answer is None:
            state |= {"Resource": REFUSED, "Parameters": REFUSED_PARAMETERS}
            continue
        kept = {key: state[key] for key in ("ResultPath", "Next", "End") if key in state}
        # Pass has the parameters as its result, so that those of the alarm are put together.
        given = state["Parameters"] if name == "Alarm" else answer
        machine["States"][name] = {"Type": "Pass", "Parameters": given, **kept}
    return machine


def states_of(
    machine: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> tuple[str, list[str], Any]:
    """Run a machine in moto: how it ended, its states in order, and what the last gave."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        client = boto3.client("stepfunctions", region_name="us-east-1")
        made = client.create_state_machine(
            name="machine",
            definition=json.dumps(machine),
            roleArn="arn:aws:iam::123456789012:role/machine",
        )
        started = client.start_execution(stateMachineArn=made["stateMachineArn"], input="{}")
        arn = started["executionArn"]
        until(lambda: client.describe_execution(executionArn=arn)["status"] != "RUNNING")
        events = client.get_execution_history(executionArn=arn, maxResults=1000)["events"]
        entered = [
            event["stateEnteredEventDetails"]["name"]
            for event in events
            if "stateEnteredEventDetails" in event
        ]
        results = [
            event["stateExitedEventDetails"]["output"]
            for event in events
            if "stateExitedEventDetails" in event
        ]
        return (
            client.describe_execution(executionArn=arn)["status"],
            entered,
            json.loads(results[-1]),
        )


ASKED = ["FindNights", "FindIntradayRuns", "IsAnotherRunGoingOn"]


@pytest.mark.parametrize(
    ("nights", "runs", "last"),
    [
        (NONE_RUNNING, RUNNING, "RunDbt"),
        (NONE_RUNNING, TWO_RUNNING, "Skip"),
        (RUNNING, RUNNING, "Skip"),
    ],
)
def test_intraday_skips_where_the_night_or_another_intraday_run_is_going_on(
    monkeypatch: pytest.MonkeyPatch, nights: Any, runs: Any, last: str
) -> None:
    machine = answered(machines()["Intraday"], FindNights=nights, FindIntradayRuns=runs)
    status, entered, _ = states_of(machine, monkeypatch)
    assert (status, entered) == ("SUCCEEDED", [*ASKED, last])


def test_the_night_of_step_functions_builds_when_no_intraday_run_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = answered(machines()["Nightly"], FindIntradayRuns=NONE_RUNNING)
    status, entered, _ = states_of(machine, monkeypatch)
    assert (status, entered) == (
        "SUCCEEDED",
        ["FindIntradayRuns", "IsAnIntradayRunGoingOn", "BuildWithDbt", "CheckFreshness"],
    )


def test_the_night_of_step_functions_waits_and_looks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = answered(machines()["Nightly"], FindIntradayRuns=RUNNING)
    # It would wait for ever for this answer; one more round is enough to see.
    assert machine["States"]["WaitForIt"]["Next"] == "FindIntradayRuns"
    machine["States"]["WaitForIt"] |= {"Seconds": 1, "Next": "Failed"}
    status, entered, _ = states_of(machine, monkeypatch)
    assert (status, entered[-2:]) == ("FAILED", ["WaitForIt", "Failed"])


@pytest.mark.parametrize(
    ("name", "failing"),
    [("Intraday", "RunDbt"), ("Nightly", "BuildWithDbt"), ("Nightly", "FindIntradayRuns")],
)
def test_a_state_that_fails_is_tried_again_and_then_raises_the_alarm(
    monkeypatch: pytest.MonkeyPatch, name: str, failing: str
) -> None:
    answers = {"FindNights": NONE_RUNNING, "FindIntradayRuns": NONE_RUNNING, failing: None}
    began = time.monotonic()
    status, entered, message = states_of(answered(machines()[name], **answers), monkeypatch)
    assert status == "FAILED"
    assert entered[-3:] == [failing, "Alarm", "Failed"]
    assert re.fullmatch(r"See docs/on-call\.md\. [\w.]+: .+", message["Message"])
    # Two pauses of a second at least.
    assert time.monotonic() - began > 2

"""The registry as it stands: what it promises, and what is generated from it."""

import csv
import io
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from fleet_events.check import check_for
from fleet_events.events import ID_PREFIXES, SPECS, Events

from fleet.cli import main
from fleet.registry import Registry, load_registry
from fleet.registry.generate import generate, write_generated
from fleet.registry.targets.common import MARK

PROJECT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry(PROJECT)


def rows(registry: Registry, seed: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(generate(registry)[f"seeds/{seed}.csv"])))


@pytest.mark.parametrize("name", [event.value for event in Events])
def test_every_example_fits_the_generated_payload(registry: Registry, name: str) -> None:
    check = check_for(Events(name))
    example: Mapping[str, Any] = registry.by_name[name].example
    assert check.explain(example, {}) == []
    assert check.validate(example, {}) is not None


def test_the_generated_module_knows_every_event(registry: Registry) -> None:
    assert [event.value for event in SPECS] == [event.name for event in registry.events]
    assert list(ID_PREFIXES) == list(registry.ids)


def test_generating_again_leaves_no_difference(registry: Registry, tmp_path: Path) -> None:
    write_generated(tmp_path, registry)
    written = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert len(written) > 10
    for path in written:
        assert (tmp_path / path).read_bytes() == (PROJECT / path).read_bytes(), path


def test_generated_files_say_so(registry: Registry) -> None:
    for path, text in generate(registry).items():
        # A CSV file has no comment, and Datadog's request for a metric no text of ours.
        has_no_place = path.endswith(".csv") or path.startswith("pipeline/datadog/metrics/")
        assert MARK in text or has_no_place, path


def test_a_stream_that_is_gone_loses_its_model(registry: Registry, tmp_path: Path) -> None:
    write_generated(tmp_path, registry)
    folder = tmp_path / "models/staging/event_log"
    gone = folder / "stg_event_log__drone_events.sql"
    own = folder / "stg_event_log__own_events.sql"
    gone.write_text(f"-- {MARK}\nselect 1", "utf-8")
    own.write_text("select 1", "utf-8")

    assert write_generated(tmp_path, registry, check=True) == [
        "models/staging/event_log/stg_event_log__drone_events.sql"
    ]
    assert gone.exists()
    write_generated(tmp_path, registry)
    assert not gone.exists()
    assert own.exists()


def test_the_ends_of_a_delivery_are_complete(registry: Registry) -> None:
    assert {e.name: e.roles.ends_delivery for e in registry.events if e.roles.ends_delivery} == {
        "dispatch.failed": "failed",
        "delivery.pickup_failed": "failed",
        "delivery.dropoff_completed": "completed",
        "delivery.dropoff_failed": "failed",
        "delivery.cancelled": "cancelled",
    }


def test_every_state_can_be_reached_and_left(registry: Registry) -> None:
    sources = {source for source, _ in registry.transitions}
    targets = {target for _, target in registry.transitions}
    assert targets == set(registry.logged_states)
    assert sources == set(registry.logged_states)


def test_columns_spell_units_out_and_avoid_words_that_are_taken(registry: Registry) -> None:
    column_name = registry.column
    assert column_name("wait_s") == "wait_seconds"
    assert column_name("latency_ms") == "latency_milliseconds"
    assert column_name("speed_mps") == "speed_meters_per_second"
    assert column_name("distance_m") == "distance_meters"
    assert column_name("battery_pct") == "battery_pct"
    assert column_name("to") == "to_value"
    assert column_name("status") == "status_value"
    assert column_name("mono_ms") == "mono_milliseconds_value"


def test_seeds_have_their_grain(registry: Registry) -> None:
    grains = {
        "event_registry": ["event_name"],
        "robot_states": ["state"],
        "robot_state_transitions": ["from_state", "to_state"],
        "downtime_reasons": ["reason"],
    }
    for seed, grain in grains.items():
        keys = [tuple(row[column] for column in grain) for row in rows(registry, seed)]
        assert len(set(keys)) == len(keys) > 0, seed


def test_seed_columns_are_described_and_typed_wide_enough(registry: Registry) -> None:
    described = yaml.safe_load(generate(registry)["seeds/_seeds.yml"])["seeds"]
    for seed in described:
        types = seed["config"]["column_types"]
        assert [column["name"] for column in seed["columns"]] == list(types)
        for row in rows(registry, seed["name"]):
            assert list(row) == list(types)
            for column, value in row.items():
                if types[column].startswith("varchar"):
                    width = int(types[column].removeprefix("varchar(").removesuffix(")"))
                    assert len(value.encode()) <= width, (seed["name"], column, value)


def test_every_column_of_a_stream_model_is_described_in_its_order(registry: Registry) -> None:
    files = generate(registry)
    described = yaml.safe_load(files["models/staging/event_log/_event_log__streams.yml"])["models"]
    assert len(described) == len(registry.streams)
    for model in described:
        sql = files[f"models/staging/event_log/{model['name']}.sql"]
        body = sql.split("typed as (")[1].split("from events")[0]
        columns = [
            line.strip().rstrip(",").split(" as ")[-1].removeprefix("events.")
            for line in body.splitlines()
            if line.startswith("        ") and "-----" not in line
        ]
        assert [column["name"] for column in model["columns"]] == columns
        assert all(column["description"] for column in model["columns"])


def test_the_marts_of_quality_describe_every_quarantine_reason(registry: Registry) -> None:
    reasons = [reason.name for reason in registry.quarantine_reasons]
    text = (PROJECT / "models/marts/quality/_quality__models.yml").read_text("utf-8")
    models = {model["name"]: model for model in yaml.safe_load(text)["models"]}

    columns = {column["name"]: column for column in models["quarantined_lines"]["columns"]}
    (accepted,) = (
        test["accepted_values"]["arguments"]["values"]
        for test in columns["reason"]["data_tests"]
        if isinstance(test, dict)
    )
    assert accepted == reasons
    assert all(reason in columns["reason"]["description"] for reason in reasons)

    reconciliation = models["event_reconciliation"]
    counts = {column["name"] for column in reconciliation["columns"]}
    assert {f"{reason}_count" for reason in reasons} <= counts
    (expression,) = (
        test["dbt_utils.expression_is_true"]["arguments"]["expression"]
        for test in reconciliation["data_tests"]
        if "dbt_utils.expression_is_true" in test
    )
    assert re.findall(r"(\w+)_count", expression) == ["quarantined", *reasons]


def in_project(folder: Path, *words: str) -> tuple[int, str]:
    result = CliRunner(env={"FLEET_PROJECT_DIR": str(folder)}).invoke(main, list(words))
    return result.exit_code, result.output


def test_the_command_checks_and_generates(registry: Registry, tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "registry", tmp_path / "registry")

    code, output = in_project(tmp_path, "registry", "check")
    assert code == 0
    assert f"{len(registry.events)} events" in output

    code, output = in_project(tmp_path, "registry", "generate", "--check")
    assert code == 1
    assert "run `fleet registry generate`" in output
    assert not (tmp_path / "seeds").exists()

    code, output = in_project(tmp_path, "registry", "generate")
    assert code == 0
    assert "seeds/event_registry.csv" in output.splitlines()

    assert in_project(tmp_path, "registry", "generate", "--check") == (
        0,
        "All generated files are up to date.\n",
    )


def test_the_command_says_what_is_wrong_without_a_traceback(tmp_path: Path) -> None:
    code, output = in_project(tmp_path, "registry", "check")
    assert code == 1
    assert output == (
        f"Error: No registry/events.yml in {tmp_path}, which FLEET_PROJECT_DIR names: "
        "point it at the project.\n"
    )

    shutil.copytree(PROJECT / "registry", tmp_path / "registry")
    events = tmp_path / "registry/events.yml"
    events.write_text(events.read_text("utf-8").replace("severity: info", "severity: fatal", 1))
    code, output = in_project(tmp_path, "registry", "check")
    assert code == 1
    assert output.splitlines() == [
        "registry/events.yml, event order.created: severity must be 'info', 'warn' or 'error'.",
        "Error: The registry has a problem: correct it and run this again.",
    ]


def test_the_project_is_found_from_a_folder_within(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FLEET_PROJECT_DIR", raising=False)
    shutil.copytree(PROJECT / "registry", tmp_path / "registry")
    deep = tmp_path / "models/marts"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    result = CliRunner().invoke(main, ["registry", "check"])
    assert result.exit_code == 0, result.output


def test_an_unknown_command_is_refused() -> None:
    result = CliRunner().invoke(main, ["regitsry"])
    assert result.exit_code == 2
    assert "No such command 'regitsry'" in result.output

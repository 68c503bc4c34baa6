"""Live lines of another shape become events in Vector, by the program that the importer runs."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from vrl_python import VRLRuntime

from fleet.errors import FleetError
from fleet.mapping.importer import Importer, import_log
from fleet.mapping.loader import load_mapping
from fleet.mapping.sources import find_logs
from fleet.registry import load_registry
from fleet.vector.command import render_vector
from tests.python.conftest import ROOT
from tests.python.pipeline import test_vector_config as shape
from tests.python.pipeline.test_vector_config import complaints  # noqa: F401
from tests.python.pipeline.vector import Vector

NAME = "service_logs"
LOG = ROOT / "examples/service_logs/log/service.log"
# Who logged it, and when it came, are others live.
OF_THE_WAY = {"emitter_id", "received_at"}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    project = shape.with_settings(tmp_path_factory.mktemp("project"), f"mapping: {NAME}")
    rendered: dict[str, Any] = yaml.safe_load(render_vector(project, "prod"))
    return rendered


@pytest.fixture(scope="module")
def mapped(config: dict[str, Any]) -> Vector:
    return Vector(config)


def test_the_configuration_with_a_mapping_is_whole(
    config: dict[str, Any],
    complaints: shape.Complaints,  # noqa: F811
) -> None:
    assert complaints(config) == ""
    assert VRLRuntime.check_syntax(config["transforms"]["map"]["source"]) is None
    shape.test_every_input_exists_every_output_is_used_and_nothing_runs_in_a_circle(config)
    shape.test_no_way_out_of_the_pipeline_but_the_sinks(config)
    without = yaml.safe_load(render_vector(ROOT, "prod"))
    assert "map" not in without["transforms"]
    assert without["transforms"].keys() == config["transforms"].keys() - {"map"}


def test_live_lines_give_the_events_of_their_history(mapped: Vector, tmp_path: Path) -> None:
    registry = load_registry(ROOT)
    mapping = load_mapping(ROOT / f"mappings/{NAME}.yml", registry)
    importer = Importer(mapping, registry, ROOT)
    for log in find_logs([str(LOG)]):
        import_log(importer, log, str(tmp_path))
    (path,) = (tmp_path / "events").rglob("*.gz")
    imported = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]

    live = []
    for text in LOG.read_text("utf-8").splitlines():
        passed = mapped.run("services", {"message": text, "service": "agent", "hostname": "h-1"})
        live += [json.loads(flow.record()["message"]) for flow in passed["lake"]]
        assert "rejects" not in passed
        # The line is in Datadog as it was, and the event beside it.
        logs = [flow.record() for flow in passed["datadog"]]
        assert len(logs) == 1 + len(passed["lake"])
        assert all("quarantine_reason" not in log for log in logs)

    def said(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{k: v for k, v in event.items() if k not in OF_THE_WAY} for event in events]

    assert said(live) == said(imported)
    assert len(live) == 25
    assert live[0]["emitter_id"] == "ordering/ordering-1/live"


def test_an_event_passes_the_mapping_as_it_is(mapped: Vector) -> None:
    event = {"event_id": "1", "evt": {"name": "x"}, "msg": "Order placed", "shop": "shop_1"}
    passed = mapped.run("robots", {"message": json.dumps(event)})
    (stored,) = passed["lake"]
    assert json.loads(stored.record()["message"]).items() >= event.items()


@pytest.mark.parametrize("record", [{}, {"message": None}, {"message": 12}, {"message": {"a": 1}}])
def test_a_record_without_a_text_breaks_nothing(mapped: Vector, record: dict[str, Any]) -> None:
    assert len(mapped.run("services", record)["datadog"]) == 1


def test_a_mapping_that_is_not_there_is_named(tmp_path: Path) -> None:
    project = shape.with_settings(tmp_path / "project", "mapping: nothing")
    with pytest.raises(FleetError, match=r"mappings/nothing\.vrl: correct `mapping`"):
        render_vector(project, "prod")


def test_the_programs_are_those_of_the_mappings() -> None:
    # `fleet registry generate --check`, which `make check` runs, compares their texts.
    programs = {path.stem for path in (ROOT / "pipeline/vector/programs/mappings").glob("*.vrl")}
    assert programs == {path.stem for path in (ROOT / "mappings").glob("*.yml")}

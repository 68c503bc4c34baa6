"""The rendered configuration: its shape, and what must hold so that nothing is lost."""

from __future__ import annotations

import copy
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from fleet.errors import FleetError
from fleet.vector.command import render_vector, vector
from tests.python.conftest import ROOT
from tests.python.pipeline.conftest import ENVIRONMENTS
from tests.python.pipeline.vector import Vector

NODE_MODULES = ROOT / "clients/typescript/node_modules"
TYPES = "@schemastore/vector"
Complaints = Callable[[dict[str, Any]], str]


@pytest.fixture(scope="module", params=ENVIRONMENTS)
def config(request: pytest.FixtureRequest) -> dict[str, Any]:
    rendered: dict[str, Any] = yaml.safe_load(render_vector(ROOT, request.param))
    return rendered


def s3_sinks(config: dict[str, Any]) -> dict[str, Any]:
    return {name: sink for name, sink in config["sinks"].items() if sink["type"] == "aws_s3"}


@pytest.fixture
def complaints(tmp_path: Path) -> Complaints:
    """What TypeScript says of a configuration, by the types that npm has of Vector's schema."""
    if not (NODE_MODULES / TYPES).is_dir():
        pytest.skip("Vector's schema comes with the TypeScript client: run make typescript")
    places = {TYPES: [f"{NODE_MODULES}/{TYPES}/index.d.ts"]}
    options = {"strict": True, "noEmit": True, "module": "nodenext", "types": [], "paths": places}
    tsconfig = {"compilerOptions": options, "files": ["config.ts"]}
    (tmp_path / "tsconfig.json").write_text(json.dumps(tsconfig))
    shutil.copy(Path(__file__).with_name("vector_schema.ts"), tmp_path)

    def complained(config: dict[str, Any]) -> str:
        (tmp_path / "config.ts").write_text(
            'import type { Vector } from "./vector_schema.js";\n'
            f"export const config: Vector = {json.dumps(config)};\n"
        )
        done = subprocess.run(
            [NODE_MODULES / ".bin/tsc", "--project", tmp_path, "--pretty", "false"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert bool(done.returncode) == bool(done.stdout), done.stderr
        return done.stdout

    return complained


def test_the_configuration_fits_vectors_schema(
    config: dict[str, Any], complaints: Complaints
) -> None:
    assert complaints(config) == ""


def test_vectors_unit_tests_fit_its_schema(complaints: Complaints) -> None:
    tests = yaml.safe_load((ROOT / "pipeline/vector/tests.yml").read_text(encoding="utf-8"))
    assert complaints(tests) == ""


MISTAKES: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "misspelt option": (
        lambda config: config["sinks"]["lake"].update(bukket="x"),
        "'\"bukket\"' does not exist",
    ),
    "missing bucket": (
        lambda config: config["sinks"]["lake"].pop("bucket"),
        "Property 'bucket' is missing",
    ),
    "unknown codec": (
        lambda config: config["sinks"]["lake"]["encoding"].update(codec="xml"),
        "'\"xml\"' is not assignable",
    ),
    "text for a number": (
        lambda config: config["sinks"]["lake"]["batch"].update(timeout_secs="1"),
        "'string' is not assignable to type 'number'",
    ),
    "unknown transform": (
        lambda config: config["transforms"]["parse"].update(type="rewrite"),
        "'\"rewrite\"' is not assignable",
    ),
    "unknown part": (lambda config: config.update(pipes={}), "'\"pipes\"' does not exist"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_schema_would_find_a_mistake(
    config: dict[str, Any], complaints: Complaints, mistake: str
) -> None:
    wrong = copy.deepcopy(config)
    change, complaint = MISTAKES[mistake]
    change(wrong)
    assert complaint in complaints(wrong)


def test_every_input_exists_every_output_is_used_and_nothing_runs_in_a_circle(
    config: dict[str, Any],
) -> None:
    vector = Vector(config)
    outputs = {output for name in vector.components for output in vector.outputs(name)}
    inputs = [
        one for component in vector.components.values() for one in component.get("inputs", [])
    ]
    assert set(inputs) == outputs
    assert all(component["inputs"] for component in (vector.transforms | vector.sinks).values())
    graph = {
        name: {one.split(".")[0] for one in component.get("inputs", [])}
        for name, component in vector.components.items()
    }
    assert set(TopologicalSorter(graph).static_order()) == set(vector.components)


def test_no_way_out_of_the_pipeline_but_the_sinks(config: dict[str, Any]) -> None:
    for transform in config["transforms"].values():
        # What a program cannot do it must not drop; no program can fail, so none needs more.
        assert "drop_on_error" not in transform
        assert "abort" not in transform.get("source", "")
        assert not re.search(r"[a-z_]!\(", transform.get("source", ""))


def test_lines_wait_on_disk_until_each_log_sink_has_them(config: dict[str, Any]) -> None:
    for name, sink in config["sinks"].items():
        if name == "datadog_metrics":
            continue
        assert sink["buffer"]["type"] == "disk"
        assert sink["buffer"]["max_size"] >= 268_435_488, "Vector refuses a smaller one"
        assert sink["acknowledgements"] == {"enabled": True}
        # Datadog may lose lines; if it could not, an outage there would hold the lake back.
        expected = "drop_newest" if sink["type"] == "datadog_logs" else "block"
        assert sink["buffer"]["when_full"] == expected


def sources_that_others_reach(config: dict[str, Any]) -> dict[str, Any]:
    return {
        name: source
        for name, source in config["sources"].items()
        if not source.get("address", "127.").startswith("127.")
    }


def test_only_the_gateways_port_is_reached_from_other_machines(config: dict[str, Any]) -> None:
    assert config["sources"]["services"]["address"] == "127.0.0.1:8282"
    (source,) = sources_that_others_reach(config).values()
    assert source["tls"]["enabled"]
    assert source["auth"]["strategy"] == "basic"


def with_settings(folder: Path, more: str) -> Path:
    """A project whose environment `prod` has one more setting."""
    shutil.copytree(ROOT / "pipeline/vector", folder / "pipeline/vector")
    with (folder / "pipeline/vector/environments/prod.yml").open("a") as file:
        file.write(f"{more}\n")
    return folder


def test_agents_on_other_machines_are_heard_over_tls(
    tmp_path: Path, complaints: Complaints
) -> None:
    project = with_settings(tmp_path / "project", "services_address: 0.0.0.0:8282")
    config = yaml.safe_load(render_vector(project, "prod"))
    assert sources_that_others_reach(config).keys() == {"services", "robots"}
    tls = config["sources"]["robots"]["tls"]
    assert config["sources"]["services"]["tls"] == tls
    assert tls["enabled"]
    assert complaints(config) == ""


@pytest.mark.parametrize("address", ["localhost:8282", "127.0.0.1", "0.0.0.0:8282\n    auth: {}"])
def test_an_address_is_an_ip_and_a_port(tmp_path: Path, address: str) -> None:
    project = with_settings(tmp_path / "project", f"services_address: {json.dumps(address)}")
    with pytest.raises(FleetError, match="services_address: String should match pattern"):
        render_vector(project, "prod")


def test_objects_are_filed_by_receipt_under_a_prefix_of_their_own(config: dict[str, Any]) -> None:
    sinks = s3_sinks(config)
    prefixes = {name: sink["key_prefix"] for name, sink in sinks.items()}
    assert prefixes == {
        "lake": "events/v1/date=%F/hour=%H/",
        "rejects": "rejects/v1/date=%F/hour=%H/",
    }
    for sink in sinks.values():
        # Since 0.57 Vector refuses a template without a literal start.
        assert re.match(r"[a-z]+/", sink["key_prefix"])
        assert (sink["compression"], sink["filename_extension"]) == ("gzip", "ndjson.gz")
        assert sink["framing"] == {"method": "newline_delimited"}
        assert sink["server_side_encryption"] == "aws:kms"
        assert sink["ssekms_key_id"].startswith("arn:aws:kms:")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_nothing_is_left_for_vector_to_fill_in_but_secrets(environment: str) -> None:
    text = render_vector(ROOT, environment)
    # Since 0.57 Vector takes ${VAR} literally.
    assert "${" not in text
    assert "<<" not in text
    for line in text.splitlines():
        if re.search(r"(api_key|password|token|key_id): ", line) and "store_api_key" not in line:
            assert re.search(r": (SECRET\[vector\.\w+\]|arn:aws:kms:\S+)$", line), line


def test_render_writes_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    out = tmp_path / "vector.yaml"
    assert CliRunner().invoke(vector, ["render", "prod", "--out", str(out)]).exit_code == 0
    assert out.read_text() == render_vector(ROOT, "prod")
    assert CliRunner().invoke(vector, ["render", "prod"]).output == render_vector(ROOT, "prod")


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ("bucket: a\nbukket: b", "bukket: Extra inputs are not permitted"),
        ("bucket: ${BUCKET}", "bucket: String should match pattern"),
        ("bucket: a\nlake_buffer_gb: 0", "lake_buffer_gb: Input should be greater"),
        ("bucket: [", "odd.yml, line 2: did not find expected node content."),
        ("", "odd.yml: must be a mapping"),
    ],
)
def test_settings_that_do_not_fit_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: str, problem: str
) -> None:
    for name in ("registry/events.yml", "pipeline/vector/environments/odd.yml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text(settings + "\n")
    monkeypatch.setenv("FLEET_PROJECT_DIR", str(tmp_path))
    done = CliRunner().invoke(vector, ["render", "odd"])
    assert (done.exit_code, problem in done.output) == (1, True), done.output
    assert "choose one of odd" in CliRunner().invoke(vector, ["render", "even"]).output

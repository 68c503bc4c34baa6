"""The rendered specs are those that are committed, and stay within what their reader may see."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from dbt.contracts.graph.manifest import Manifest

from fleet.cli import main
from fleet.sigma.command import render_specs
from fleet.sigma.definition import Project, read_settings
from fleet.sigma.render import render_data_model, render_workbook
from tests.python.conftest import ROOT

EXAMPLE = read_settings(ROOT / "sigma/settings.example.yml")
OWN_MARKET = EXAMPLE.model_copy(update={"market_attribute": "market"})


def sources(workbook: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    elements = workbook["contents"]["elements"]
    found = [element["source"] for element in elements if "columns" in element]
    return [source for source in found if source["kind"] == kind]


def test_committed_specs_are_what_is_rendered(project: Project) -> None:
    committed = {path.name: path.read_text() for path in (ROOT / "sigma/rendered").iterdir()}
    assert render_specs(project, EXAMPLE) == committed, (
        "run `dbt parse`, then `fleet sigma render --settings sigma/settings.example.yml "
        "--out sigma/rendered`"
    )


def test_the_seven_pages_are_there(project: Project) -> None:
    names = [page["name"] for page in render_workbook(project, EXAMPLE)["contents"]["pages"]]
    assert names == [
        "Delivery",
        "Robot replay",
        "Errors near arrival",
        "Downtime",
        "Funnel",
        "Reliability",
        "Release health",
    ]


def test_exposures_depend_on_what_the_pages_read(project: Project, manifest: Manifest) -> None:
    exposures = {
        exposure.label: {node.split(".")[-1] for node in exposure.depends_on.nodes}
        for exposure in manifest.exposures.values()
        if exposure.name.startswith("sigma_")
    }
    read: dict[str, set[str]] = {}
    for page in project.workbook.pages:
        queries = [project.query(element).text for element in page.elements if element.sql]
        read[page.name] = {element.mart for element in page.elements if element.mart}
        read[page.name].update(re.findall(r"\$marts\.(\w+)", " ".join(queries)))
    assert exposures == read


def test_settings_reach_every_source(project: Project) -> None:
    settings = EXAMPLE.model_copy(
        update={"connection_id": "c-1", "database": "prod", "schema_": "robots_marts"}
    )
    data_model, workbook = render_data_model(project, settings), render_workbook(project, settings)
    for table in data_model["pages"][0]["elements"]:
        assert table["source"]["connectionId"] == "c-1"
        assert table["source"]["path"][:2] == ["prod", "robots_marts"]
    queries = sources(workbook, "sql")
    assert len(queries) == 4
    for source in queries:
        assert source["connectionId"] == "c-1"
        assert '"prod"."robots_marts".' in source["statement"]


def test_columns_of_the_data_model_say_what_the_contract_says(project: Project) -> None:
    data_model = render_data_model(project, EXAMPLE)
    (table,) = [t for t in data_model["pages"][0]["elements"] if t["name"] == "supply_hours_daily"]
    (usable,) = [column for column in table["columns"] if column["name"] == "Usable Hours"]
    assert usable["description"] == "Usable Supply Hours: ready_hours + busy_hours."
    assert usable["formula"] == "[supply_hours_daily/usable_hours]"
    (metric,) = [m for m in table["metrics"] if m["id"] == "supply-utilisation"]
    assert metric["formula"] == "Sum([Busy Hours]) / (Sum([Usable Hours]))"


def test_friendly_names_are_asked_of_the_connection_where_it_has_them(project: Project) -> None:
    settings = EXAMPLE.model_copy(update={"column_names": "friendly"})
    (table, *_) = render_data_model(project, settings)["pages"][0]["elements"]
    assert table["columns"][0]["formula"] == "[delivery_funnel_daily/Local Date]"


def test_the_workbook_takes_the_ids_that_sigma_gave_the_data_model(project: Project) -> None:
    created = render_data_model(project, EXAMPLE) | {"dataModelId": "m-1"}
    for number, element in enumerate(created["pages"][0]["elements"]):
        element["id"] = f"given-{number}"
    found = sources(render_workbook(project, EXAMPLE, created), "data-model")
    assert found
    for source in found:
        assert source["dataModelId"] == "m-1"
        assert source["elementId"].startswith("given-")


def test_row_level_security_limits_every_table_and_query(project: Project) -> None:
    data_model = render_data_model(project, OWN_MARKET)
    tables = data_model["pages"][0]["elements"]
    assert {"supply_hours", "delivery_sessions"} <= {table["name"] for table in tables}
    for table in tables:
        assert "Market" in {column["name"] for column in table["columns"]}
        (rule,) = table["filters"]
        (own,) = [column for column in table["columns"] if column["id"] == rule["columnId"]]
        assert own["formula"] == '[Market] = CurrentUserAttributeText("market")'
    workbook = render_workbook(project, OWN_MARKET)
    for source in sources(workbook, "sql"):
        user = "{{system::CurrentUserAttributeText::market}}"
        assert f"and market = {user}" in source["statement"]
    # A mart that knows no market can show nobody only their own.
    pages = {page["name"] for page in workbook["contents"]["pages"]}
    assert "Release health" not in pages
    assert "Reliability" in pages
    assert render_specs(project, OWN_MARKET).keys() == {"data_model.yaml", "workbook.yaml"}


def test_row_level_security_is_off_in_the_example(project: Project) -> None:
    assert EXAMPLE.market_attribute == ""
    for text in render_specs(project, EXAMPLE).values():
        assert "CurrentUserAttributeText" not in text


@pytest.fixture
def rendering(tmp_path: Path, manifest: Manifest) -> Any:
    """Run `fleet sigma render` on the parsed project, into tmp_path/out."""
    written = tmp_path / "manifest.json"
    written.write_text(json.dumps(manifest.writable_manifest().to_dict()))

    def run(*words: str, settings: Path = ROOT / "sigma/settings.example.yml") -> Result:
        options = [f"--settings={settings}", f"--manifest={written}", f"--out={tmp_path / 'out'}"]
        return CliRunner().invoke(main, ["sigma", "render", *options, *words])

    return run


def test_the_command_writes_both_specs(rendering: Any, tmp_path: Path) -> None:
    created = tmp_path / "created.yaml"
    created.write_text("dataModelId: m-1\npages: []\n")
    done = rendering(f"--data-model={created}")
    assert done.exit_code == 0, done.output
    workbook = yaml.safe_load((tmp_path / "out/workbook.yaml").read_text())
    assert sources(workbook, "data-model")[0]["dataModelId"] == "m-1"
    assert (tmp_path / "out/data_model.yaml").exists()


def test_errors_say_what_to_do(rendering: Any, tmp_path: Path) -> None:
    done = rendering(settings=tmp_path / "settings.yml")
    assert done.exit_code == 1
    assert "copy sigma/settings.example.yml and fill it in" in done.output

    wrong = tmp_path / "wrong.yml"
    wrong.write_text('{connection_id: c, folder_id: f, database: d"; drop, schema: s}')
    assert "correct database: " in rendering(settings=wrong).output

    done = rendering(f"--data-model={ROOT / 'sigma/settings.example.yml'}")
    assert "save what GET /v2/dataModels/<id>/spec returns" in done.output

    done = CliRunner().invoke(main, ["sigma", "render", f"--manifest={tmp_path / 'none.json'}"])
    assert "run `dbt parse` first" in done.output


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"- a\n- b\n", ": must be a mapping, a key with its value on each line."),
        (b"", ": must be a mapping, a key with its value on each line."),
        (b"connection_id: \xff\n", ": is not UTF-8 text."),
        (b"connection_id: [\n", ", line 2: did not find expected node content."),
    ],
)
def test_settings_that_cannot_be_read_are_named_in_one_line(
    rendering: Any, tmp_path: Path, content: bytes, message: str
) -> None:
    settings = tmp_path / "settings.yml"
    settings.write_bytes(content)
    for done in (rendering(settings=settings), rendering(f"--data-model={settings}")):
        assert done.exit_code == 1
        assert done.output.startswith(f"Error: {settings}{message}")
        assert done.output.count("\n") == 1


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b"{}", b'{"nodes": {}}'])
def test_a_file_that_is_no_manifest_says_to_parse_again(tmp_path: Path, content: bytes) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_bytes(content)
    done = CliRunner().invoke(main, ["sigma", "render", f"--manifest={manifest}"])
    assert done.exit_code == 1
    assert done.output == f"Error: {manifest} is no manifest of dbt: run `dbt parse` again.\n"


def test_a_folder_that_cannot_be_made_is_named(rendering: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = rendering(f"--out={tmp_path / 'file/out'}")
    assert done.exit_code == 1
    assert done.output.endswith("(Not a directory): choose another --out.\n")

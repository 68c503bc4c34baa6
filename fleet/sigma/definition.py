"""What sigma/ and the dbt manifest say: pages, queries, settings, columns of marts, metrics."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from fleet.errors import FleetError
from fleet.yaml_files import read_model

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
SqlName = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*$")]

# A query is a plain list of columns, so that its columns can be read without running it.
SELECT_LIST = re.compile(r"\Aselect\n(?P<columns>(?:    (?:\w+\.)?\w+,?\n)+)from ")


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Settings(Strict):
    """Where in Sigma and in the warehouse: sigma/settings.yml."""

    connection_id: str
    folder_id: str
    database: SqlName
    schema_: SqlName = Field(alias="schema")
    column_names: Literal["raw", "friendly"] = "raw"
    market_attribute: str = Field(default="", pattern=r"^[A-Za-z0-9_ -]*$")


class Control(Strict):
    """Something to type or choose on a page; `column` is what it filters there, if anything."""

    id: Identifier
    name: str
    type: Literal["text", "number", "list", "date-range"]
    column: str | None = None
    value: int | None = None


class Element(Strict):
    """A table or chart of a mart, of a query of sigma/sql/, or of another element of the page."""

    id: Identifier
    kind: Literal["table", "bar-chart", "line-chart"]
    name: str
    mart: str | None = None
    sql: str | None = None
    of: str | None = None
    columns: tuple[str, ...] = ()
    where: dict[str, tuple[str, ...]] = {}
    sort: tuple[str, ...] = ()
    x: str | None = None
    y: dict[str, str] | tuple[str, ...] = ()
    color: str | None = None
    stacking: Literal["none", "stacked"] = "none"
    height: int = 10


class Page(Strict):
    id: Identifier
    name: str
    text: str
    controls: tuple[Control, ...] = ()
    elements: tuple[Element, ...]


class Workbook(Strict):
    name: str
    marts: tuple[str, ...]
    pages: tuple[Page, ...]


@dataclass(frozen=True)
class Query:
    """A query of sigma/sql/, with $marts and $and_own_market still in it."""

    text: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Metric:
    """A metric of the semantic layer as a Sigma formula over [columns] of one mart."""

    name: str
    label: str
    description: str
    mart: str
    formula: str


@dataclass(frozen=True)
class Marts:
    """What the dbt manifest says of the marts.

    Attributes:
        columns: descriptions by mart and column.
        metrics: by name.
        relationships: (mart, column, other mart, its column), from dbt's relationships tests.
    """

    columns: dict[str, dict[str, str]]
    metrics: dict[str, Metric]
    relationships: list[tuple[str, str, str, str]]


@dataclass(frozen=True)
class Project:
    """All that is rendered."""

    workbook: Workbook
    queries: dict[str, Query]
    marts: Marts

    def query(self, element: Element) -> Query:
        if element.sql not in self.queries:
            raise FleetError(
                f"{element.id} reads sigma/sql/{element.sql}.sql: write that file, or correct "
                "sigma/definition.yml."
            )
        return self.queries[element.sql]

    def columns_of(self, mart: str) -> dict[str, str]:
        if mart not in self.marts.columns:
            raise FleetError(
                f"The manifest has no mart {mart}: correct sigma/definition.yml, or run "
                "`dbt parse` again."
            )
        return self.marts.columns[mart]


def load_project(project_dir: Path, manifest: dict[str, Any]) -> Project:
    """Read sigma/ of a project; `manifest` is dbt's, as read from manifest.json."""
    folder = project_dir / "sigma"
    workbook = read_model(Workbook, folder / "definition.yml")
    queries = {path.stem: read_query(path) for path in sorted((folder / "sql").glob("*.sql"))}
    return Project(workbook, queries, read_marts(manifest))


def read_manifest(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise FleetError(f"There is no {path}: run `dbt parse` first.")
    try:
        manifest = json.loads(path.read_text())
    except ValueError:
        manifest = None
    parts = ("nodes", "semantic_models", "metrics")
    if not isinstance(manifest, dict) or not manifest.keys() >= set(parts):
        raise FleetError(f"{path} is no manifest of dbt: run `dbt parse` again.")
    return manifest


def read_settings(path: Path) -> Settings:
    if not path.exists():
        raise FleetError(f"There is no {path}: copy sigma/settings.example.yml and fill it in.")
    return read_model(Settings, path)


def read_query(path: Path) -> Query:
    text = path.read_text()
    listed = SELECT_LIST.match(text)
    if listed is None:
        raise FleetError(
            f"{path}: begin with `select`, then one column of a table a line, then `from`."
        )
    columns = tuple(
        line.strip().rstrip(",").split(".")[-1] for line in listed["columns"].splitlines()
    )
    return Query(text, columns)


def read_marts(manifest: dict[str, Any]) -> Marts:
    models = {
        unique_id: node
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and "marts" in node["fqn"]
    }
    columns = {
        model["name"]: {
            name: " ".join(column["description"].split())
            for name, column in model["columns"].items()
        }
        for model in models.values()
    }
    relationships = []
    for test in manifest["nodes"].values():
        metadata = test.get("test_metadata") or {}
        if metadata.get("name") == "relationships" and test["attached_node"] in models:
            mart = models[test["attached_node"]]["name"]
            # The refs are those of both sides.
            others = {ref["name"] for ref in test["refs"]} & columns.keys() - {mart}
            relationships += [
                (mart, test["column_name"], other, metadata["kwargs"]["field"]) for other in others
            ]
    return Marts(columns, read_metrics(manifest), sorted(relationships))


def read_metrics(manifest: dict[str, Any]) -> dict[str, Metric]:
    """Simple and ratio metrics as Sigma formulas; raises FleetError for any other."""
    measures = {
        measure["name"]: (model["node_relation"]["alias"], measure)
        for model in manifest["semantic_models"].values()
        for measure in model["measures"]
    }
    metrics = {metric["name"]: metric for metric in manifest["metrics"].values()}

    def formula(name: str) -> tuple[str, str]:
        parameters = metrics[name]["type_params"]
        if metrics[name]["type"] == "simple":
            mart, measure = measures[parameters["measure"]["name"]]
            return mart, measure_formula(measure)
        if metrics[name]["type"] == "ratio":
            mart, numerator = formula(parameters["numerator"]["name"])
            other, denominator = formula(parameters["denominator"]["name"])
            if mart == other:
                return mart, f"{numerator} / ({denominator})"
        raise FleetError(
            f"Metric {name} is neither simple nor a ratio over one mart: Sigma cannot show it, "
            "so leave it out of models/marts/metrics."
        )

    read = {}
    for name, metric in sorted(metrics.items()):
        mart, expression = formula(name)
        description = " ".join(metric["description"].split())
        read[name] = Metric(name, metric["label"], description, mart, expression)
    return read


def measure_formula(measure: dict[str, Any]) -> str:
    meta: dict[str, Any] = measure["config"]["meta"]
    if "sigma_formula" in meta:
        return str(meta["sigma_formula"])
    column = measure["expr"] or measure["name"]
    functions = {
        "sum": "Sum([{}])",
        "count": "Count([{}])",
        "percentile": "PercentileCont([{}], {})",
    }
    if not re.fullmatch(r"\w+", column) or measure["agg"] not in functions:
        raise FleetError(
            f"Measure {measure['name']} is no plain column: give it meta sigma_formula."
        )
    percentile = (measure["agg_params"] or {}).get("percentile")
    return functions[measure["agg"]].format(column, percentile)

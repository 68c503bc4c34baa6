"""`fleet sigma`: render the specs that Sigma's API takes, and check them without a tenant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import yaml

from fleet.errors import FleetError
from fleet.project import find_project_dir
from fleet.sigma.definition import (
    Project,
    Settings,
    load_project,
    read_manifest,
    read_settings,
)
from fleet.sigma.lint import problems
from fleet.sigma.render import Spec, render_data_model, render_workbook
from fleet.yaml_files import read_yaml

HEAD = "# Rendered from sigma/ and the dbt manifest by `fleet sigma render`; do not edit.\n"


@click.group()
def sigma() -> None:
    """Sigma's data model and workbook as code."""


@sigma.command()
@click.option(
    "--settings",
    default="sigma/settings.yml",
    show_default=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Connection, folder, database and schema.",
)
@click.option(
    "--manifest",
    default="target/manifest.json",
    show_default=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="What `dbt parse` wrote.",
)
@click.option(
    "--data-model",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="The created data model, as Sigma's API returns its spec: the workbook takes its ids.",
)
@click.option(
    "--out",
    default="target/sigma",
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for data_model.yaml and workbook.yaml.",
)
def render(settings: Path, manifest: Path, data_model: Path | None, out: Path) -> None:
    """Write data_model.yaml and workbook.yaml, checked.

    Nothing is sent anywhere: sigma/README.md says how to hand them to Sigma.
    """
    project = load_project(find_project_dir(), read_manifest(manifest))
    created = read_created(data_model) if data_model else None
    specs = render_specs(project, read_settings(settings), created)
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in specs.items():
            (out / name).write_text(text)
            click.echo(out / name)
    except OSError as error:
        raise FleetError(
            f"{error.filename or out} cannot be written ({error.strerror}): choose another --out."
        ) from error


def render_specs(
    project: Project, settings: Settings, created: Spec | None = None
) -> dict[str, str]:
    """Both specs by file name; raises FleetError with every problem of the linter."""
    data_model = render_data_model(project, settings)
    workbook = render_workbook(project, settings, created)
    found = problems(project, settings, data_model, workbook)
    if found:
        raise FleetError(
            "Correct sigma/ or the marts it reads:\n" + "\n".join(f"- {text}" for text in found)
        )
    return {
        "data_model.yaml": HEAD + to_yaml(data_model),
        "workbook.yaml": HEAD + to_yaml(workbook),
    }


def read_created(path: Path) -> Spec:
    """The data model as Sigma returned it, YAML or JSON."""
    spec = read_yaml(path)
    if "dataModelId" not in spec or "pages" not in spec:
        raise FleetError(
            f"{path} is not the spec of a data model: save what GET /v2/dataModels/<id>/spec "
            "returns."
        )
    return spec


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, so that a diff of SQL or layout can be read."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def to_yaml(spec: Spec) -> str:
    return yaml.dump(spec, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)

"""`fleet retention`: raw lines loaded long ago are exported and taken away; marts stay."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from fleet.errors import FleetError
from fleet.project import find_project_dir
from fleet.warehouse.dbt_runner import DbtRunner
from fleet.warehouse.erase import compact
from fleet.warehouse.follow import alone
from fleet.warehouse.target import open_target


@click.command()
@click.option(
    "--days",
    type=click.IntRange(min=1),
    help="Keep the raw lines loaded in the last so many days, and today's.",
)
@click.option(
    "--to",
    "export_to",
    help="Folder, or on Redshift s3:// prefix, for the export.  [default: data/exports]",
)
@click.option("--restore", help="Bring back what an export holds; the trim said where it is.")
@click.option("--iam-role", help="On Redshift: ARN of the role that reads and writes the export.")
@click.option("--target", help="Target of profiles.yml.  [default: DBT_TARGET]")
def retention(
    days: int | None,
    export_to: str | None,
    restore: str | None,
    iam_role: str | None,
    target: str | None,
) -> None:
    """Export raw lines of long ago and take them away, or bring an export back.

    No mart changes, now or in later nights. A full refresh begins where the raw lines begin, and
    says so.
    """
    if (days is None) == (restore is None):
        raise FleetError("Say how many --days of raw lines to keep, or which export to --restore.")
    project_dir = find_project_dir()
    opened = open_target(project_dir, target)
    profiles_dir = Path(os.environ.get("DBT_PROFILES_DIR", project_dir))
    dbt = DbtRunner(project_dir, profiles_dir, opened.name)
    arguments: dict[str, Any] = {"iam_role": iam_role} if iam_role else {}
    if restore is not None:
        operation, arguments = "restore_raw_lines", {"export": restore, **arguments}
    else:
        if export_to is None and opened.database is None:
            raise FleetError("Say --to which s3:// prefix the raw lines are exported.")
        place = export_to or str(project_dir / "data" / "exports")
        if opened.database is not None:
            # DuckDB makes the last folder alone.
            Path(place).mkdir(parents=True, exist_ok=True)
        operation, arguments = "trim_raw_lines", {"days": days, "export_to": place, **arguments}
    dbt("run-operation", operation, "--args", json.dumps(arguments))
    if opened.database is not None and restore is None:
        # A DuckDB file keeps the room of what was deleted.
        with alone(opened.database):
            compact(opened.database)

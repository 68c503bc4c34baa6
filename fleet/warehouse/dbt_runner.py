"""Runs dbt in this process: the project is read once, for any number of commands."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from fleet.errors import FleetError


class DbtError(FleetError):
    """A dbt command failed; the message is dbt's own."""


@dataclass
class DbtRunner:
    """dbt with a project and the profiles.yml of a folder.

    Attributes:
        project_dir: where dbt_project.yml is.
        profiles_dir: where profiles.yml is; what dbt compiles goes to `target` below it.
        target: one of the profile's targets; the profile's own choice where none is named.
        manifest: the project as `parse` read it; without it every command reads the project.
    """

    project_dir: Path
    profiles_dir: Path
    target: str | None = None
    manifest: Manifest | None = None

    def parse(self) -> Manifest:
        """Read the project for all later commands; raises DbtError."""
        manifest = self("parse")
        assert isinstance(manifest, Manifest)
        self.manifest = manifest
        return manifest

    def __call__(
        self,
        *words: str,
        variables: Mapping[str, Any] | None = None,
        callbacks: Sequence[Callable[[Any], None]] = (),
    ) -> Any:
        """Run one dbt command, such as `run --select delivery_sessions`, and return its result.

        `variables` are the project's vars; each of `callbacks` is given every event of dbt.
        Afterwards no DuckDB file is left open. Raises DbtError.
        """
        errors: list[str] = []

        def collect(event: Any) -> None:
            if event.info.level == "error":
                errors.append(str(event.info.msg))

        # dbt leaves a log file open, which Python warns of; so none is written.
        flags = ["--quiet", "--log-level-file", "none", "--vars", json.dumps(dict(variables or {}))]
        if words[0] in ("build", "run", "seed"):
            # What they did is returned; a manifest for each would be a tenth of a small run.
            flags.append("--no-write-json")
        flags += ["--project-dir", str(self.project_dir), "--profiles-dir", str(self.profiles_dir)]
        flags += ["--target-path", str(self.profiles_dir / "target")]
        if self.target:
            flags += ["--target", self.target]
        runner = dbtRunner(manifest=self.manifest, callbacks=[collect, *callbacks])
        done = runner.invoke([*words, *flags])
        close_duckdb()
        if not done.success:
            raise DbtError("\n".join(errors) or str(done.exception))
        return done.result


def close_duckdb() -> None:
    """Close what dbt keeps open until its process ends: DuckDB lets nothing else open the file."""
    environment = DuckDBConnectionManager._ENV
    if environment is not None:
        environment.close()
        DuckDBConnectionManager.close_all_connections()

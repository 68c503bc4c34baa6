"""Where the project is: the folder with the registry, the models and everything generated."""

from __future__ import annotations

import os
from pathlib import Path

from fleet.errors import FleetError

MARK = "registry/events.yml"


class ProjectNotFoundError(FleetError):
    """There is no `registry/` folder here or above."""


def find_project_dir() -> Path:
    """Folder that holds `registry/`: FLEET_PROJECT_DIR, else this folder or the nearest above.

    Raises:
        ProjectNotFoundError: none of them holds it.
    """
    named = os.environ.get("FLEET_PROJECT_DIR")
    candidates = [Path(named)] if named else [Path.cwd(), *Path.cwd().parents]
    for folder in candidates:
        if (folder / MARK).is_file():
            return folder.resolve()
    raise ProjectNotFoundError(
        f"No {MARK} in {named}, which FLEET_PROJECT_DIR names: point it at the project."
        if named
        else f"No {MARK} here or above: run this inside the project, or set "
        "FLEET_PROJECT_DIR to it."
    )

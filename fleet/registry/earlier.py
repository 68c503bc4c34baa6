"""An earlier registry, to hold the one of the project against."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from fleet.errors import FleetError
from fleet.registry.loader import load_registry
from fleet.registry.schema import ENVELOPE_FILE, EVENTS_FILE, MONITORS_FILE, Registry

FOLDER = "registry"


class BaseNotFoundError(FleetError):
    """There is no such folder and no such git ref; the message says what to do."""


def load_base(project_dir: Path, base: str) -> Registry:
    """The registry of a folder (a project, or its registry folder) or of a git ref.

    A file of the registry that it does not have yet is taken from the project; metrics and
    monitors are left out.

    Raises:
        BaseNotFoundError: `base` names neither.
        RegistryError: the registry there has problems.
    """
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary)
        shutil.copytree(project_dir / FOLDER, copy / FOLDER)
        folder = Path(base)
        if (folder / EVENTS_FILE).is_file():
            _copy(folder / FOLDER, copy / FOLDER)
        elif (folder / Path(EVENTS_FILE).name).is_file():
            _copy(folder, copy / FOLDER)
        else:
            _check_out(project_dir, base, copy / FOLDER)
        # Metrics and monitors are nobody's contract, so that those of then are not needed.
        (copy / MONITORS_FILE).write_text("metrics: []\nmonitors: []\n")
        # Before 0.2.0 keys of the envelope had patterns of their own.
        envelope = copy / ENVELOPE_FILE
        if envelope.is_file():
            lines = envelope.read_text("utf-8").splitlines(keepends=True)
            kept = [line for line in lines if not line.startswith("    pattern: ")]
            envelope.write_text("".join(kept), "utf-8")
        return load_registry(copy)


def _copy(source: Path, target: Path) -> None:
    for file in source.glob("*.yml"):
        shutil.copy(file, target / file.name)


def _check_out(project_dir: Path, ref: str, target: Path) -> None:
    listed = _git(project_dir, "ls-tree", "--name-only", "--end-of-options", ref, f"{FOLDER}/")
    files = [path for path in (listed or b"").decode().splitlines() if path.endswith(".yml")]
    if EVENTS_FILE not in files:
        raise BaseNotFoundError(
            f"{ref} is neither a folder with {EVENTS_FILE} nor a git ref that has it: name a "
            "folder, a branch, a tag or a commit of this repository."
        )
    for path in files:
        content = _git(project_dir, "show", "--end-of-options", f"{ref}:./{path}")
        (target / Path(path).name).write_bytes(content or b"")


def _git(folder: Path, *words: str) -> bytes | None:
    """What git prints, or None where it fails or is not installed."""
    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, check=False)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None

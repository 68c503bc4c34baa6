"""Writes what follows from the registry: the files of every target."""

from __future__ import annotations

from pathlib import Path

from fleet.registry.schema import Registry
from fleet.registry.targets import TARGETS
from fleet.registry.targets.common import MARK


def generate(registry: Registry) -> dict[str, str]:
    """Every generated file: path below the project, with `/`, to its text."""
    return {path: text for target in TARGETS for path, text in target.files(registry).items()}


def write_generated(project_dir: Path, registry: Registry, *, check: bool = False) -> list[str]:
    """Bring the generated files up to date, removing those of rows that are gone.

    With `check` nothing is changed. Returns the paths that differed.
    """
    files = generate(registry)
    changed = []
    for path, text in files.items():
        file = project_dir / path
        if not file.is_file() or file.read_bytes() != text.encode():
            changed.append(path)
            if not check:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(text.encode())
    for path in _owned(project_dir):
        if path not in files and MARK in (project_dir / path).read_text("utf-8"):
            changed.append(path)
            if not check:
                (project_dir / path).unlink()
    return changed


def _owned(project_dir: Path) -> list[str]:
    globs = [glob for target in TARGETS for glob in target.owns]
    found = {path for glob in globs for path in project_dir.glob(glob) if path.is_file()}
    return sorted(path.relative_to(project_dir).as_posix() for path in found)

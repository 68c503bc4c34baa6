"""Writes what follows from the registry: the files of every target."""

from __future__ import annotations

from pathlib import Path

from fleet.registry.schema import Registry
from fleet.registry.targets import TARGETS
from fleet.registry.targets.common import MARK

MAPPED = "pipeline/vector/programs/mappings/*.vrl"
MAPPED_MARK = "Generated from mappings/ by `fleet registry generate`; do not edit."


def generate(registry: Registry) -> dict[str, str]:
    """Every generated file: path below the project, with `/`, to its text."""
    return {path: text for target in TARGETS for path, text in target.files(registry).items()}


def write_generated(
    project_dir: Path,
    registry: Registry,
    more: dict[str, str] | None = None,
    *,
    check: bool = False,
) -> list[str]:
    """Bring the generated files up to date, removing those of rows that are gone.

    `more` are files that do not follow from the registry alone. With `check` nothing is changed.
    Returns the paths that differed.
    """
    files = generate(registry) | (more or {})
    changed = []
    for path, text in files.items():
        file = project_dir / path
        if not file.is_file() or file.read_bytes() != text.encode():
            changed.append(path)
            if not check:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(text.encode())
    for path in _owned(project_dir):
        if path not in files and is_generated((project_dir / path).read_text("utf-8")):
            changed.append(path)
            if not check:
                (project_dir / path).unlink()
    return changed


def _owned(project_dir: Path) -> list[str]:
    globs = [MAPPED, *(glob for target in TARGETS for glob in target.owns)]
    found = {path for glob in globs for path in project_dir.glob(glob) if path.is_file()}
    return sorted(path.relative_to(project_dir).as_posix() for path in found)


def is_generated(text: str) -> bool:
    """Whether a file says that it was generated."""
    return MARK in text or MAPPED_MARK in text

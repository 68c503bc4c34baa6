"""`fleet registry`: check and compare the registry, generate what follows from it, find its use."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from fleet.errors import FleetError
from fleet.mapping.loader import load_mappings
from fleet.mapping.program import files as mapping_programs
from fleet.project import find_project_dir
from fleet.registry.changes import Kind
from fleet.registry.diff import compare
from fleet.registry.earlier import load_base
from fleet.registry.generate import write_generated
from fleet.registry.loader import RegistryError, load_registry
from fleet.registry.usage import find_usage


@click.group()
def registry() -> None:
    """Check or compare the event registry, generate what follows from it, find its use."""


@registry.command()
def check() -> None:
    """Check registry/*.yml and name every problem."""
    loaded = load_registry(find_project_dir())
    fields = sum(len(event.fields) for event in loaded.events)
    click.echo(
        f"Registry {loaded.version} is sound: {len(loaded.events)} events with {fields} fields "
        f"in {len(loaded.streams)} streams, {len(loaded.robot_states)} robot states, "
        f"{len(loaded.transitions)} transitions, {len(loaded.downtime_reasons)} downtime reasons, "
        f"{len(loaded.metrics)} metrics, {len(loaded.monitors)} monitors."
    )


@registry.command()
@click.option("--check", is_flag=True, help="Write nothing; fail when a file is out of date.")
def generate(check: bool) -> None:
    """Write every file that follows from the registry, and the program of each mapping."""
    project_dir = find_project_dir()
    loaded = load_registry(project_dir)
    programs = mapping_programs(load_mappings(project_dir, loaded), loaded)
    changed = write_generated(project_dir, loaded, programs, check=check)
    for path in changed:
        click.echo(path)
    if not changed:
        click.echo("All generated files are up to date.")
    elif check:
        raise FleetError(
            f"{len(changed)} generated files are out of date: run `fleet registry generate`."
        )


@registry.command()
@click.argument("base")
def diff(base: str) -> None:
    """Say what the registry changes for those who read and write the logs.

    BASE is a git ref, such as main, or a folder with an earlier registry. Fails when a change
    breaks them and the version of the event, or of the registry, does not say so.
    """
    project_dir = find_project_dir()
    now = load_registry(project_dir)
    try:
        before = load_base(project_dir, base)
    except RegistryError as error:
        error.show_problems()
        raise FleetError(f"The registry at {base} cannot be read.") from None
    changes = compare(before, now, datetime.now(UTC).date())
    if not changes:
        click.echo(f"The registry is the same as at {base}.")
    for kind in Kind:
        rows = [change for change in changes if change.kind is kind]
        if rows:
            click.echo(f"{kind.capitalize()} ({len(rows)}):")
        for change in rows:
            click.echo(f"  {change}")
    if any(change.kind is Kind.VERSIONED for change in changes):
        click.echo(
            "Lines of the version before are checked against the new one: those that do not fit "
            "are quarantined."
        )
    broken = sum(change.kind is Kind.BREAKING for change in changes)
    if broken:
        raise FleetError(
            f"{broken} breaking {'change needs' if broken == 1 else 'changes need'} another way "
            "or a new version, as said above."
        )


@registry.command()
@click.argument(
    "folders",
    metavar="DIR...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
)
def usage(folders: tuple[Path, ...]) -> None:
    """Say which events no code emits, and which names the registry lacks.

    Looks through the Python, TypeScript and JavaScript code and the log files (.ndjson, .jsonl,
    also .gz) below each DIR. Fails when code or logs hold a name that is not registered.
    """
    loaded = load_registry(find_project_dir())
    found = find_usage(list(folders), loaded)
    if not found.code_files + found.log_files:
        raise FleetError("Neither code nor log files there: name the folders of both.")
    problems = len(found.unknown_in_code) + len(found.unknown_in_logs) + len(found.unread)
    if found.code_files:
        click.echo(f"{found.code_files} code files emit {len(found.emitted)} events.")
        _list("No code emits", found.never_emitted(loaded))
        _list(
            "Deprecated but still emitted",
            [f"{name}  {found.emitted[name]}" for name in found.deprecated_emitted(loaded)],
        )
        _list(
            "In the code but not registered",
            [f"{name}  {place}" for name, place in found.unknown_in_code.items()],
        )
    if found.log_files:
        click.echo(
            f"{found.log_files} log files hold {found.lines.total():,} lines of "
            f"{len(found.lines)} registered events."
        )
        _list(
            "In the logs but not registered",
            [
                f"{name}  {found.unknown_counts[name]:,} lines, first {place}"
                for name, place in found.unknown_in_logs.items()
            ],
        )
        if found.nameless:
            click.echo(f"{found.nameless:,} lines name no event; they are not counted above.")
        _list("Not read to the end", [f"{p}  {reason}" for p, reason in found.unread.items()])
    if problems:
        raise FleetError(
            "Correct the names above, or add them to registry/events.yml; until then their lines "
            "are quarantined."
        )


def _list(heading: str, rows: list[str]) -> None:
    if rows:
        click.echo(f"{heading} ({len(rows)}):")
    for row in rows:
        click.echo(f"  {row}")

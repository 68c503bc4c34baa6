"""`fleet registry`: check the registry and generate what follows from it."""

from __future__ import annotations

from pathlib import Path

import click

from fleet_events.registry.generate import write_generated
from fleet_events.registry.loader import (
    ProjectNotFoundError,
    RegistryError,
    find_project_dir,
    load_registry,
)
from fleet_events.registry.schema import Registry


@click.group()
def registry() -> None:
    """Check the event registry, or generate what follows from it."""


@registry.command()
def check() -> None:
    """Check registry/*.yml and tell every problem."""
    loaded = _load()
    fields = sum(len(event.fields) for event in loaded.events)
    click.echo(
        f"Registry {loaded.version} is sound: {len(loaded.events)} events with {fields} fields "
        f"in {len(loaded.streams)} streams, {len(loaded.robot_states)} robot states, "
        f"{len(loaded.transitions)} transitions, {len(loaded.downtime_reasons)} downtime reasons."
    )


@registry.command()
@click.option("--check", is_flag=True, help="Write nothing; fail when a file is out of date.")
def generate(check: bool) -> None:
    """Write every file that follows from the registry."""
    changed = write_generated(_project_dir(), _load(), check=check)
    for path in changed:
        click.echo(path)
    if not changed:
        click.echo("All generated files are up to date.")
    elif check:
        raise click.ClickException(
            f"{len(changed)} generated files are out of date: run `fleet registry generate`."
        )


def _project_dir() -> Path:
    try:
        return find_project_dir()
    except ProjectNotFoundError as error:
        raise click.ClickException(str(error)) from None


def _load() -> Registry:
    try:
        return load_registry(_project_dir())
    except RegistryError as error:
        for problem in error.problems:
            click.echo(problem, err=True)
        count = len(error.problems)
        raise click.ClickException(
            "The registry has a problem: correct it and run this again."
            if count == 1
            else f"The registry has {count} problems: correct them and run this again."
        ) from None

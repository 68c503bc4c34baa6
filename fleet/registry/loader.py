"""Reads `registry/*.yml`. Every problem is found in one go, in one sentence each."""

from __future__ import annotations

import re
from pathlib import Path
from typing import IO, Any

import click

from fleet.errors import FleetError
from fleet.registry.checks import check_rows, check_uses
from fleet.registry.rows import Reader
from fleet.registry.schema import (
    ENVELOPE_FILE,
    EVENTS_FILE,
    MONITORS_FILE,
    QUARANTINE_FILE,
    REASONS_FILE,
    STATES_FILE,
    STEPS_FILE,
    DowntimeReason,
    EnvelopeKey,
    Event,
    FunnelStep,
    IdKind,
    Metric,
    Monitor,
    QuarantineReason,
    Registry,
    RobotState,
)


class RegistryError(FleetError):
    """The registry cannot be used; `problems` holds one sentence per problem."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__(
            "The registry has a problem: correct it and run this again."
            if len(problems) == 1
            else f"The registry has {len(problems)} problems: correct them and run this again."
        )

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the problems, then what to do."""
        self.show_problems(file)
        super().show(file)

    def show_problems(self, file: IO[Any] | None = None) -> None:
        """Print each problem on a line of its own, to standard error unless given another file."""
        for problem in self.problems:
            click.echo(problem, file=file, err=True)


def load_registry(project_dir: Path) -> Registry:
    """Read and check the registry of a project.

    Raises:
        RegistryError: with every problem found, each naming file, row and field.
    """
    reader = Reader(project_dir)
    read, rows = reader.read, reader.rows
    head = read(EVENTS_FILE, "registry_version", "ids", "events")
    envelope = read(ENVELOPE_FILE, "envelope").get("envelope")
    states = read(STATES_FILE, "robot_states").get("robot_states")
    reasons = read(REASONS_FILE, "downtime_reasons").get("downtime_reasons")
    quarantine = read(QUARANTINE_FILE, "quarantine_reasons").get("quarantine_reasons")
    steps = read(STEPS_FILE, "funnel_steps").get("funnel_steps")
    monitoring = read(MONITORS_FILE, "metrics", "monitors")

    registry = Registry(
        version=_version(head, reader),
        ids=_ids(head, reader),
        envelope=rows(EnvelopeKey, ENVELOPE_FILE, "key", envelope),
        events=rows(Event, EVENTS_FILE, "event", head.get("events")),
        robot_states=rows(RobotState, STATES_FILE, "state", states),
        downtime_reasons=rows(DowntimeReason, REASONS_FILE, "reason", reasons),
        quarantine_reasons=rows(QuarantineReason, QUARANTINE_FILE, "reason", quarantine),
        funnel_steps=rows(FunnelStep, STEPS_FILE, "step", steps),
        metrics=rows(Metric, MONITORS_FILE, "metric", monitoring.get("metrics")),
        monitors=rows(Monitor, MONITORS_FILE, "monitor", monitoring.get("monitors")),
    )
    problems = [*reader.problems, *check_rows(registry)]
    # An event that was refused above would be missed once more by each row that names it.
    problems = problems or list(check_uses(registry))
    if problems:
        raise RegistryError(problems)
    return registry


def _version(head: dict[str, Any], reader: Reader) -> str:
    version = head.get("registry_version", "0.0.0")
    if not isinstance(version, str) or not re.fullmatch(r"\d+\.\d+\.\d+", version):
        reader.problems.append(
            f"{EVENTS_FILE}: registry_version must be three numbers such as 1.0.0."
        )
        return "0.0.0"
    return version


def _ids(head: dict[str, Any], reader: Reader) -> dict[str, IdKind]:
    raw = head.get("ids", {})
    if not isinstance(raw, dict):
        reader.problems.append(f"{EVENTS_FILE}: ids must be a mapping of id names.")
        return {}
    rows = {
        str(name): reader.row(IdKind, f"{EVENTS_FILE}, id {name}", row) for name, row in raw.items()
    }
    return {name: row for name, row in rows.items() if row}

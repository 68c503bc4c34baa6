"""One edit of the registry reaches every target, and no target may lag behind it."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from fleet.cli import main
from fleet.registry import load_registry
from fleet.registry.generate import generate, write_generated
from fleet.registry.targets import TARGETS

PROJECT = Path(__file__).parents[3]
STABLE = 'summary: "{pilot_id} is {status}[ at {site}]"\n    stability: stable\n'
DEPRECATED = STABLE.replace("stability: stable", "stability: deprecated") + (
    "    deprecated: {reason: renamed, renamed_to: pilot.session_ended, sunset: 2027-06-30, "
    "note: Sessions say it.}\n"
)
# A field, its unit, its name, its values and a bound at once: what any target may show of a field.
FIELD = (
    "wait_s: {type: number, min: 0, max: 7200, brief: From arrival to lid locked., ",
    "stand_ms: {type: int, min: 0, max: 7200000, brief: From standing still to lid locked., ",
)
# What the AsyncAPI document shows of an event; its fields are in the event's own file.
BRIEF = ("and the lid locked.", "and its lid locked.")
SUMMARY = ("after {wait_s} s at the merchant", "after {stand_ms} ms at the merchant")
EXAMPLE = (
    "merchant_id: M-7, wait_s: 84.2, loaded_by",
    "merchant_id: M-7, stand_ms: 84200, loaded_by",
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the registry and of everything that was generated from it."""
    shutil.copytree(PROJECT / "registry", tmp_path / "registry")
    for path in generate(load_registry(PROJECT)):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / path, tmp_path / path)
    return tmp_path


def edit(project: Path, *edits: tuple[str, str], file: str = "events.yml") -> None:
    path = project / "registry" / file
    text = path.read_text("utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, "utf-8")


def run(project: Path, *words: str) -> tuple[int, list[str]]:
    result = CliRunner(env={"FLEET_PROJECT_DIR": str(project)}).invoke(main, ["registry", *words])
    return result.exit_code, result.output.splitlines()


def test_one_edit_and_one_command_change_every_target(project: Path) -> None:
    assert run(project, "generate", "--check") == (0, ["All generated files are up to date."])
    before = load_registry(project)
    edit(project, BRIEF, FIELD, SUMMARY, EXAMPLE)
    # A metric that names the field; the registry does not load without it.
    edit(project, ("spread_of: wait_s", "spread_of: stand_ms"), file="monitors.yml")
    after = load_registry(project)

    code, output = run(project, "generate", "--check")

    assert code == 1
    stale = set(output[:-1])
    assert "run `fleet registry generate`" in output[-1]
    for target in TARGETS:
        old, new = target.files(before), target.files(after)
        changed = {path for path in old if old[path] != new[path]}
        assert changed, f"the target of {min(old)} shows nothing of a field"
        assert changed <= stale
        assert all((project / path).read_text("utf-8") == old[path] for path in changed)

    assert set(run(project, "generate")[1]) == stale
    for path in stale:
        assert (project / path).read_text("utf-8") == generate(after)[path]
    assert run(project, "generate", "--check")[0] == 0
    # Which kind of change it is can be seen too.
    code, output = run(project, "diff", str(PROJECT))
    assert code == 1
    assert any(
        "FIELD_NO_DELETE  delivery.pickup_completed, field wait_s" in line for line in output
    )


SHARED_ROWS = {
    "a width": (
        "envelope.yml",
        ("parts: {service: 128, host: 90, boot: 36}", "parts: {service: 128, host: 80, boot: 36}"),
        ("clients/python/src/fleet_events/events.py", "clients/typescript/src/events.ts"),
    ),
    "a column": (
        "envelope.yml",
        ("column: service_version", "column: program_version"),
        (
            "docs/events.md",
            "macros/registry/registry.sql",
            "models/staging/event_log/stg_event_log__robot_events.sql",
            "models/staging/event_log/_event_log__streams.yml",
        ),
    ),
    "what an id may be": (
        "envelope.yml",
        ("width: 64\n    requirement: recommended", "width: 48\n    requirement: recommended"),
        ("macros/registry/registry.sql", "pipeline/vector/programs/event_checks.vrl"),
    ),
    "what a key says": (
        "envelope.yml",
        ("brief: Environment it ran in.", "brief: Environment it runs in."),
        (
            "clients/python/src/fleet_events/events.py",
            "clients/typescript/src/events.ts",
            "docs/events.md",
            "models/staging/event_log/_event_log__streams.yml",
            "schemas/robot.stuck.json",
        ),
    ),
    "a reason": (
        "quarantine_reasons.yml",
        ("name: too_large", "name: too_long"),
        ("docs/events.md", "fleet/registry_constants.py", "macros/registry/registry.sql"),
    ),
    "a step": (
        "funnel_steps.yml",
        ("title: Dropoff", "title: Delivered"),
        ("docs/events.md", "fleet/registry_constants.py", "macros/registry/registry.sql"),
    ),
}


@pytest.mark.parametrize(("file", "change", "paths"), SHARED_ROWS.values(), ids=SHARED_ROWS)
def test_an_edit_of_what_all_events_share_reaches_every_place(
    project: Path, file: str, change: tuple[str, str], paths: tuple[str, ...]
) -> None:
    edit(project, change, file=file)
    code, output = run(project, "generate", "--check")
    assert code == 1
    assert set(paths) <= set(output[:-1])


def test_vector_gives_only_reasons_that_are_registered(project: Path) -> None:
    edit(project, ("name: bad_type", "name: wrong_type"), file="quarantine_reasons.yml")
    code, output = run(project, "generate")
    assert code == 1
    assert "has no reason bad_type" in output[-1]


def test_a_generated_file_that_was_edited_or_lost_is_found(project: Path) -> None:
    files = sorted(generate(load_registry(project)))
    for number, path in enumerate(files):
        if number % 2:
            (project / path).unlink()
        else:
            (project / path).write_bytes((project / path).read_bytes() + b"\n")
    code, output = run(project, "generate", "--check")
    assert code == 1
    assert sorted(output[:-1]) == files


def test_the_schema_of_an_event_that_is_gone_goes_too(project: Path) -> None:
    gone = project / "schemas/pilot.shift_planned.json"
    shutil.copy(project / "schemas/pilot.shift_changed.json", gone)
    assert run(project, "generate")[1] == ["schemas/pilot.shift_planned.json"]
    assert not gone.exists()


def test_a_deprecation_is_in_every_language(project: Path) -> None:
    edit(project, (STABLE, DEPRECATED))
    write_generated(project, load_registry(project))
    output = "Renamed to pilot.session_ended; to be removed after 2027-06-30. Sessions say it."
    for path in (
        "clients/python/src/fleet_events/events.py",
        "docs/events.md",
        "clients/typescript/src/events.ts",
    ):
        assert output in (project / path).read_text("utf-8")
    script = (project / "clients/typescript/src/events.ts").read_text("utf-8")
    assert script.count(f"@deprecated {output}") == 2
    schema = json.loads((project / "schemas/pilot.shift_changed.json").read_text("utf-8"))
    assert schema["deprecated"] is True

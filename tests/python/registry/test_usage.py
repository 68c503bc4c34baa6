"""Events that no code emits, and names that the registry lacks."""

import gzip
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from fleet.cli import main
from fleet.registry import Registry, load_registry
from fleet.registry.targets.common import MARK
from fleet.registry.usage import find_usage

PROJECT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry(PROJECT)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def line(name: object) -> str:
    return json.dumps({"event_id": "1", "evt": {"name": name}}) + "\n"


def test_the_project_itself_emits_every_event(registry: Registry) -> None:
    found = find_usage([PROJECT / "fleet", PROJECT / "clients/python/src"], registry)
    assert found.never_emitted(registry) == []
    assert found.unknown_in_code == {}
    assert found.code_files > 40


def test_code_of_both_languages_is_read(registry: Registry, tmp_path: Path) -> None:
    python = write(
        tmp_path / "agent.py",
        '"""Logs Events.ORDER_CREATED, says the docstring."""\n'
        "# Events.ORDER_CANCELLED\n"
        "logger.event(\n    Events.ROBOT_ERROR, {})\n"
        'logger.event("robot.stuck", {})\n'
        'tracker.event("page viewed")\n'
        "Events.__members__\n",
    )
    typescript = write(
        tmp_path / "web/src/order.ts",
        "// Events.ORDER_CANCELLED at https://example.com\n"
        "/* logger.event('order.completed',\n   Events.ORDER_COMPLETED) */\n"
        'const url = "https://example.com"; logger.event(Events.ROBOT_LID_CHANGED, {});\n'
        "logger.event(\n  'merchant.order_ready', {});\n",
    )
    half = write(tmp_path / "half.py", "def f(:\n    logger.event(Events.PILOT_SHIFT_CHANGED)\n")

    found = find_usage([tmp_path], registry)

    assert found.emitted == {
        "robot.error": f"{python}:4",
        "robot.stuck": f"{python}:5",
        "robot.lid_changed": f"{typescript}:4",
        "merchant.order_ready": f"{typescript}:6",
        "pilot.shift_changed": f"{half}:2",
    }
    assert found.unknown_in_code == {}
    never = found.never_emitted(registry)
    assert len(never) == len(registry.events) - 5 - 1
    assert "order.created" in never
    assert "telemetry.event_rejected" not in never


def test_names_in_code_that_are_not_registered_are_listed_with_their_place(
    registry: Registry, tmp_path: Path
) -> None:
    python = write(tmp_path / "a.py", "\nlog(Events.ROBOT_EROR)\nlog.event('robot.eror')\n")
    script = write(tmp_path / "b.mjs", "log.event(Events.ROBOT_JUMPED)\n")
    assert find_usage([tmp_path], registry).unknown_in_code == {
        "Events.ROBOT_EROR": f"{python}:2",
        "robot.eror": f"{python}:3",
        "Events.ROBOT_JUMPED": f"{script}:1",
    }


def test_generated_installed_and_hidden_code_does_not_count(
    registry: Registry, tmp_path: Path
) -> None:
    code = "logger.event(Events.ROBOT_ERROR, {})\n"
    write(tmp_path / "events.py", f'"""{MARK}"""\n{code}')
    for folder in ("node_modules/x", ".venv/lib", "dist", "lib/site-packages"):
        write(tmp_path / folder / "a.py", code)
    assert find_usage([tmp_path], registry).emitted == {}


def test_logs_are_counted_by_name(registry: Registry, tmp_path: Path) -> None:
    plain = write(
        tmp_path / "a.ndjson",
        line("robot.error") + line("robot.eror") + "\n" + "{broken\n" + line("robot.eror")
        + line(7) + "[]\n" + line("robot.error"),
    )  # fmt: skip
    zipped = tmp_path / "b/c.ndjson.gz"
    zipped.parent.mkdir()
    zipped.write_bytes(gzip.compress((line("robot.stuck") + line("robot.eror")).encode()))
    found = find_usage([tmp_path], registry)
    assert found.log_files == 2
    assert found.lines == {"robot.error": 2, "robot.stuck": 1}
    assert found.unknown_counts == {"robot.eror": 3}
    assert found.unknown_in_logs == {"robot.eror": f"{plain}:2"}
    assert found.nameless == 3
    assert found.unread == {}


def test_a_log_file_cut_short_is_read_as_far_as_it_goes(registry: Registry, tmp_path: Path) -> None:
    whole = gzip.compress((line("robot.error") * 5000).encode())
    cut = tmp_path / "cut.ndjson.gz"
    cut.write_bytes(whole[: len(whole) // 2])
    (tmp_path / "not.ndjson.gz").write_bytes(b"not gzip at all")
    found = find_usage([tmp_path], registry)
    assert 0 < found.lines["robot.error"] < 5000
    assert set(found.unread) == {str(cut), str(tmp_path / "not.ndjson.gz")}


def run(project: Path, *words: object) -> tuple[int, str]:
    result = CliRunner(env={"FLEET_PROJECT_DIR": str(project)}).invoke(
        main, ["registry", "usage", *map(str, words)]
    )
    return result.exit_code, result.output


def test_the_command_lists_both_and_fails_on_unknown_names(
    registry: Registry, tmp_path: Path
) -> None:
    write(tmp_path / "code/a.py", "log(Events.ROBOT_ERROR)\n")
    code, output = run(PROJECT, tmp_path / "code")
    assert code == 0
    # The logger itself emits the second one.
    emitted = {"robot.error", "telemetry.event_rejected"}
    others = [event.name for event in registry.events if event.name not in emitted]
    assert output.splitlines() == [
        "1 code files emit 1 events.",
        f"No code emits ({len(others)}):",
        *(f"  {name}" for name in others),
    ]

    logs = write(tmp_path / "logs/a.ndjson", line("robot.eror") + "{\n" + line("robot.error"))
    code, output = run(PROJECT, tmp_path / "logs")
    assert code == 1
    assert output.splitlines() == [
        "1 log files hold 1 lines of 1 registered events.",
        "In the logs but not registered (1):",
        f"  robot.eror  1 lines, first {logs}:1",
        "1 lines name no event; they are not counted above.",
        "Error: Correct the names above, or add them to registry/events.yml; until then their "
        "lines are quarantined.",
    ]

    (tmp_path / "empty").mkdir()
    code, output = run(PROJECT, tmp_path / "empty")
    assert code == 1
    assert output == "Error: Neither code nor log files there: name the folders of both.\n"
    assert run(PROJECT, tmp_path / "nowhere")[0] == 2


def test_a_deprecated_event_that_is_still_emitted_is_listed(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "registry", tmp_path / "registry")
    events = tmp_path / "registry/events.yml"
    row = 'summary: "{pilot_id} is {status}[ at {site}]"\n    stability: '
    text = events.read_text("utf-8")
    assert row in text
    deprecated = "deprecated\n    deprecated: {reason: obsoleted, sunset: 2027-06-30}"
    events.write_text(text.replace(f"{row}stable", row + deprecated), "utf-8")
    place = write(tmp_path / "code/a.py", "log(Events.PILOT_SHIFT_CHANGED)\n")

    code, output = run(tmp_path, tmp_path / "code")

    assert code == 0
    assert f"Deprecated but still emitted (1):\n  pilot.shift_changed  {place}:1\n" in output

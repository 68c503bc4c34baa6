"""Wrong calls of `logger.event` are errors in both type checkers, and right calls are not."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CLIENT = Path(__file__).parents[3] / "clients/python/src"
HEAD = """\
from datetime import UTC, datetime

from fleet_events import Events, bind_context, get_logger

logger = get_logger(service="robot-agent")
"""
IDS = '"delivery_id": "D-99", "robot_id": "R-42", "order_id": "O-12", "merchant_id": "M-7"'

RIGHT = {
    "required_only": (f'logger.event(Events.DELIVERY_PICKUP_COMPLETED, {{{IDS}, "wait_s": 84.2}})'),
    "with_optional": (
        f"logger.event(Events.DELIVERY_PICKUP_COMPLETED, "
        f'{{{IDS}, "wait_s": 84, "loaded_by": "merchant", "market": "la"}})'
    ),
    "a_time": (
        "logger.event(Events.ROBOT_CONNECTION_LOST, "
        '{"robot_id": "R-42", "last_seen_at": datetime.now(UTC)})'
    ),
    "a_payload_built_first": (
        "from fleet_events.events import RobotLidChanged\n"
        'payload: RobotLidChanged = {"robot_id": "R-42", "to": "locked"}\n'
        "logger.event(Events.ROBOT_LID_CHANGED, payload)"
    ),
    "context": 'with bind_context(delivery_id="D-99", trace_id="1"):\n    pass',
    "the_id_is_returned": (
        "event_id: str = logger.event(Events.ORDER_ELIGIBILITY_DECIDED, "
        '{"order_id": "O-1", "merchant_id": "M-1", "eligible": True, "reason": "none"})'
    ),
}
WRONG = {
    "unknown_event": f'logger.event(Events.DELIVERY_PICKUP_DONE, {{{IDS}, "wait_s": 84.2}})',
    "event_as_text": f'logger.event("delivery.pickup_completed", {{{IDS}, "wait_s": 84.2}})',
    "missing_field": f"logger.event(Events.DELIVERY_PICKUP_COMPLETED, {{{IDS}}})",
    "missing_id": (
        "logger.event(Events.DELIVERY_PICKUP_COMPLETED, "
        '{"delivery_id": "D-99", "robot_id": "R-42", "order_id": "O-12", "wait_s": 84.2})'
    ),
    "value_not_listed": (
        f"logger.event(Events.DELIVERY_PICKUP_COMPLETED, "
        f'{{{IDS}, "wait_s": 84.2, "loaded_by": "nobody"}})'
    ),
    "state_not_logged": (
        'logger.event(Events.ROBOT_HEARTBEAT, {"robot_id": "R-42", "state": "unobserved"})'
    ),
    "unknown_field": (
        f'logger.event(Events.DELIVERY_PICKUP_COMPLETED, {{{IDS}, "wait_s": 84.2, "wait": 84.2}})'
    ),
    "wrong_type": f'logger.event(Events.DELIVERY_PICKUP_COMPLETED, {{{IDS}, "wait_s": "84.2"}})',
    "payload_of_another_event": (
        'logger.event(Events.ROBOT_LID_CHANGED, {"robot_id": "R-42", "state": "available"})'
    ),
    "unknown_context": 'with bind_context(delivery="D-99"):\n    pass',
}
CASES = {f"right_{name}": code for name, code in RIGHT.items()} | {
    f"wrong_{name}": code for name, code in WRONG.items()
}


@pytest.fixture(scope="module")
def snippets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file per call; each checker looks at all of them in one run."""
    folder = tmp_path_factory.mktemp("snippets")
    for name, code in CASES.items():
        (folder / f"{name}.py").write_text(f"{HEAD}{code}\n", "utf-8")
    return folder


@pytest.fixture(scope="module")
def mypy_errors(snippets: Path) -> set[str]:
    output = run(
        snippets,
        *("mypy", "--strict", "--no-error-summary", "--config-file=", f"--cache-dir={snippets}/.c"),
        *(f"{name}.py" for name in CASES),
        mypy_path=CLIENT,
    )
    found = re.findall(r"^(.+)\.py:(\d+): error:", output, re.MULTILINE)
    assert all(int(line) > HEAD.count("\n") for _, line in found), output
    return {name for name, _ in found}


@pytest.fixture(scope="module")
def pyright_errors(snippets: Path) -> set[str]:
    settings = {"extraPaths": [str(CLIENT)], "typeCheckingMode": "standard"}
    (snippets / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
    output = run(snippets, "pyright", "--outputjson", "--pythonpath", sys.executable)
    report = json.loads(output[output.index("{") :])
    assert report["summary"]["filesAnalyzed"] == len(CASES)
    errors = [found for found in report["generalDiagnostics"] if found["severity"] == "error"]
    # pyright counts lines from 0.
    assert all(found["range"]["start"]["line"] >= HEAD.count("\n") for found in errors), output
    return {Path(found["file"]).stem for found in errors}


def run(folder: Path, module: str, *words: str, mypy_path: Path | None = None) -> str:
    environment = os.environ | ({"MYPYPATH": str(mypy_path)} if mypy_path else {})
    done = subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("checker", ["mypy_errors", "pyright_errors"])
@pytest.mark.parametrize("name", CASES)
def test_calls_are_judged(checker: str, name: str, request: pytest.FixtureRequest) -> None:
    errors: set[str] = request.getfixturevalue(checker)
    assert (name in errors) == name.startswith("wrong_")

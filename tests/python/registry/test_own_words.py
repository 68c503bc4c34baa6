"""A fleet has words of its own: no SQL and no Python of the models' side knows one by heart."""

import re
from pathlib import Path
from typing import get_args

import pytest

from fleet.registry import load_registry
from fleet.registry.schema import MEANINGS, Trouble
from fleet.registry.targets.common import MARK
from tests.python.conftest import ROOT

REGISTRY = load_registry(ROOT)
# What a robot is while nothing is heard of it is the models' own word.
STATES = {state.name for state in REGISTRY.robot_states if not state.derived}
REASONS = {reason.name for reason in REGISTRY.downtime_reasons} - {"unknown"}
PREFIXES = {kind.prefix for kind in REGISTRY.ids.values() if kind.prefix}
ENUMS = {
    word
    for event in REGISTRY.events
    for field in event.fields.values()
    if field.type == "enum"
    for word in REGISTRY.values(field)
}
# What the words of a fleet are taken for is the models' own.
ANSWERS = {*get_args(Trouble), *(meaning for known in MEANINGS.values() for meaning in known)}
# So are outcomes, how a failure ends, kinds of hours, and what stands where nothing is known; and
# the page speaks of sizes, apps and hours.
OTHERS = {
    *("available", "cancelled", "failed", "open", "closed", "retired", "busy", "none", "unknown"),
    *("deploy", "pilot", "app", "hours", "size"),
}
WORDS = (STATES | REASONS | PREFIXES | ENUMS) - ANSWERS - OTHERS


def written(folder: str, ending: str) -> list[Path]:
    """Files that somebody wrote; the registry wrote the others."""
    return [
        path
        for path in sorted((ROOT / folder).rglob(f"*{ending}"))
        if MARK not in path.read_text("utf-8")
    ]


def known(text: str) -> set[str]:
    return set(re.findall(r"""['"]([\w-]+)['"]""", text)) & WORDS


FILES = [
    *written("models", ".sql"),
    *written("macros", ".sql"),
    *written("tests/data_tests", ".sql"),
    *written("analyses", ".sql"),
    *written("fleet/lookup", ".py"),
    *written("fleet/session", ".py"),
    *written("dashboard", ".py"),
    ROOT / "fleet/warehouse/erase.py",
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_file_knows_a_word_of_the_fleet(path: Path) -> None:
    assert known(path.read_text("utf-8")) == set()


def test_such_a_word_is_found() -> None:
    assert known("where state = 'fault' and robot_id like \"R-\"") == {"fault", "R-"}
    assert known("disposition = 'retry' or autonomy_mode = 'remote'") == {"retry", "remote"}
    assert len(FILES) > 100
    assert len(WORDS) > 100

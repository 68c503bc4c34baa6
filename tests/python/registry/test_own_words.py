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
# Words of other fields too: of a safety event, of an ending; and `retired` is how a failure ends.
OTHERS = {"available", "collision", "obstacle", "theft", "weather", "retired", *get_args(Trouble)}
# Words of whose meaning the models ask, and components; what they are taken for is the models' own.
ASKED = {
    word
    for event in REGISTRY.events
    for name, field in event.fields.items()
    if field.type == "enum" and (field.means or name == "component")
    for word in (*field.means, *(REGISTRY.values(field) if name == "component" else ()))
} - {meaning for known in MEANINGS.values() for meaning in known}
WORDS = (STATES | REASONS | PREFIXES | ASKED) - OTHERS


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
    *written("fleet/lookup", ".py"),
    *written("fleet/session", ".py"),
    *written("dashboard", ".py"),
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_file_knows_a_word_of_the_fleet(path: Path) -> None:
    assert known(path.read_text("utf-8")) == set()


def test_such_a_word_is_found() -> None:
    assert known("where state = 'fault' and robot_id like \"R-\"") == {"fault", "R-"}
    assert len(FILES) > 100
    assert len(WORDS) > 30

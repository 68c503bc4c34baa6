"""Macros are linted too: sqlfluff reads the SQL that they give, not the files themselves."""

from pathlib import Path

import pytest

from fleet.registry.targets.common import MARK
from tests.python.conftest import ROOT

LONGEST = 120
MACROS = [
    path for path in sorted((ROOT / "macros").rglob("*.sql")) if MARK not in path.read_text("utf-8")
]


@pytest.mark.parametrize("path", MACROS, ids=lambda path: path.stem)
def test_a_macro_keeps_to_the_style_of_models(path: Path) -> None:
    text = path.read_text("utf-8")
    lines = text.splitlines()
    assert [number for number, line in enumerate(lines, 1) if len(line) > LONGEST] == []
    assert [number for number, line in enumerate(lines, 1) if line != line.rstrip()] == []
    assert "\t" not in text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_there_are_macros() -> None:
    assert len(MACROS) > 20

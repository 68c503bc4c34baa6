"""The lines that every language's logger writes, byte for byte: `tests/golden/event_lines.json`."""

import pytest
from fleet_events.events import Events

from tests.python.logger.golden import GOLDEN, outcome

CASES = {case["name"]: case for case in GOLDEN["cases"]}


@pytest.mark.parametrize("name", CASES)
def test_lines_are_the_golden_ones(name: str) -> None:
    case = CASES[name]
    assert outcome(case) == {key: case[key] for key in ("lines", "error") if key in case}


def test_the_golden_events_are_registered_unless_they_show_a_wrong_name() -> None:
    unknown = {case["event"] for case in CASES.values()} - set(Events)
    assert unknown == {"delivery.pickup_complete", "x"}

"""Each kind of mistake in the registry is told in one sentence that says where it is."""

import shutil
from pathlib import Path

import pytest

from fleet_events.registry import RegistryError, load_registry

PROJECT = Path(__file__).parents[3]
EVENTS = "registry/events.yml"
STATES = "registry/robot_states.yml"
REASONS = "registry/downtime_reasons.yml"
PICKUP = f"{EVENTS}, event delivery.pickup_completed"
WAIT = "wait_s: {type: number, min: 0, max: 7200, brief: From arrival to lid locked."
LOADED = "loaded_by: {type: enum, of: [merchant, field_ops, unknown], brief: Who loaded the robot."
EXAMPLE = "merchant_id: M-7, wait_s: 84.2, loaded_by: merchant}"
SUMMARY = 'summary: "Loaded[ by {loaded_by}] after {wait_s} s at the merchant"'
PICKUP_IDS = (
    "ids: {delivery_id: required, order_id: required, robot_id: required, merchant_id: required}"
    "\n    fields:\n      wait_s"
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(PROJECT / "registry", tmp_path / "registry")
    return tmp_path


def edit(project: Path, file: str, old: str, new: str) -> None:
    text = (project / file).read_text("utf-8")
    assert old in text
    (project / file).write_text(text.replace(old, new, 1), "utf-8")


def problems(project: Path) -> list[str]:
    with pytest.raises(RegistryError) as caught:
        load_registry(project)
    for problem in caught.value.problems:
        assert problem.startswith("registry/")
        assert problem.endswith(".")
        assert "\n" not in problem
    return caught.value.problems


FIELD_MISTAKES = {
    "missing key": (WAIT, WAIT.replace("brief:", "breif:"), "field wait_s: brief is missing."),
    "misspelt key": (
        WAIT,
        WAIT.replace("brief:", "breif:"),
        "field wait_s: unknown key 'breif' (did you mean brief?).",
    ),
    "unknown type": (
        LOADED,
        LOADED.replace("enum", "enumeration"),
        "field loaded_by: type must be 'id', 'string', 'int', 'number', 'bool', 'timestamp', "
        "'enum' or 'list[string]'.",
    ),
    "number without bounds": (
        WAIT,
        WAIT.replace(" max: 7200,", ""),
        "field wait_s: a number needs min and max; they also keep NaN and infinity out.",
    ),
    "min above max": (WAIT, WAIT.replace("min: 0", "min: 8000"), "field wait_s: min is above max."),
    "bounds of text": (
        LOADED,
        LOADED.replace("brief", "min: 1, brief"),
        "field loaded_by: min and max are for int and number.",
    ),
    "length of a number": (
        WAIT,
        WAIT.replace("min", "max_length: 9, min"),
        "field wait_s: max_length is for string and list[string].",
    ),
    "fraction for an int": (
        "attempt: {type: int, min: 1,",
        "attempt: {type: int, min: 0.5,",
        "field attempt: min and max of an int must be whole numbers.",
    ),
    "unit in words": (
        WAIT,
        WAIT.replace("wait_s", "wait_minutes"),
        "field wait_minutes: write the unit as _s.",
    ),
    "unit of a text": (
        LOADED,
        LOADED.replace("loaded_by", "loaded_s"),
        "field loaded_s: the suffix _s is a unit (seconds), so it must be int or number.",
    ),
    "time without _at": (
        "promised_at: {type",
        "promised: {type",
        "field promised: a timestamp ends in _at and only a timestamp does.",
    ),
    "_at without time": (
        WAIT,
        WAIT.replace("wait_s", "waited_at"),
        "field waited_at: a timestamp ends in _at and only a timestamp does.",
    ),
    "enum without values": (
        LOADED,
        LOADED.replace(" of: [merchant, field_ops, unknown],", ""),
        "field loaded_by: an enum needs `of`, and only an enum has it.",
    ),
    "enum with a value twice": (
        LOADED,
        LOADED.replace("field_ops", "merchant"),
        "field loaded_by: `of` gives a value twice.",
    ),
    "enum with no value": (
        LOADED,
        LOADED.replace("[merchant, field_ops, unknown]", "[]"),
        "field loaded_by: `of` must not be empty.",
    ),
    "yaml made it a bool": (
        'of: ["on", break, "off"]',
        "of: [on, break, off]",
        "field status: of must be robot_states or downtime_reasons, or a list of "
        "lower_snake_case words (quote on, off, yes and no).",
    ),
    "an id among the fields": (
        LOADED,
        LOADED.replace("loaded_by", "pilot_id"),
        "field pilot_id: is an id; move it to ids.",
    ),
    "a word of Python": (
        LOADED,
        LOADED.replace("loaded_by", "from"),
        "field from: is a word of the Python language; choose another.",
    ),
    "one name, two types": (
        "travel_s: {type: number",
        "attempt: {type: number",
        "field attempt: is number here but int in dispatch.offer_sent; a name has one type.",
    ),
    "one column, two names": (
        LOADED,
        LOADED.replace("loaded_by", "wait_seconds"),
        "field wait_seconds: would share the column wait_seconds with wait_s.",
    ),
}


@pytest.mark.parametrize(("old", "new", "problem"), FIELD_MISTAKES.values(), ids=FIELD_MISTAKES)
def test_a_mistake_in_a_field_names_event_and_field(
    project: Path, old: str, new: str, problem: str
) -> None:
    edit(project, EVENTS, old, new)
    found = problems(project)
    assert any(line.startswith(f"{EVENTS}, event ") and line.endswith(problem) for line in found), (
        found
    )


EVENT_MISTAKES = {
    "unknown id": (
        PICKUP_IDS,
        PICKUP_IDS.replace("robot_id", "robot"),
        f"{PICKUP}, id robot: is not among ids (did you mean robot_id?).",
    ),
    "unknown stream": (
        "name: delivery.pickup_completed",
        "name: deliver.pickup_completed",
        f"{EVENTS}, event deliver.pickup_completed: the stream 'deliver' is unknown; use one of "
        "order, merchant, dispatch, delivery, robot, pilot, release, telemetry.",
    ),
    "name of another shape": (
        "name: delivery.pickup_completed",
        "name: PickupCompleted",
        f"{EVENTS}, event PickupCompleted: name must read stream.object_verb, lower case.",
    ),
    "summary of another event": (
        SUMMARY,
        SUMMARY.replace("{wait_s}", "{wait_x}"),
        f"{PICKUP}: summary names {{wait_x}}, which is not of this event (did you mean wait_s?).",
    ),
    "summary with a format": (
        SUMMARY,
        SUMMARY.replace("{wait_s}", "{wait_s:.1f}"),
        f"{PICKUP}: summary must name {{wait_s}} without a format.",
    ),
    "summary with a stray brace": (
        SUMMARY,
        SUMMARY.replace("{wait_s}", "{wait_s"),
        f"{PICKUP}: summary has a stray brace (expected '}}' before end of string).",
    ),
    "summary of a list": (
        '"{work_type} work done[ after {duration_s} s]"',
        '"{work_type} work done[ on {components}]"',
        f"{EVENTS}, event robot.maintenance_completed: summary names {{components}}, but a list "
        "makes no readable line.",
    ),
    "optional field outside of brackets": (
        SUMMARY,
        SUMMARY.replace("[ by {loaded_by}]", " by {loaded_by}"),
        f"{PICKUP}: summary names {{loaded_by}}, which is optional, outside of brackets.",
    ),
    "optional id outside of brackets": (
        SUMMARY,
        SUMMARY.replace("[ by {loaded_by}]", " in {market}"),
        f"{PICKUP}: summary names {{market}}, which is optional, outside of brackets.",
    ),
    "brackets around what is always there": (
        SUMMARY,
        SUMMARY.replace(" after {wait_s} s", "[ after {wait_s} s]"),
        f"{PICKUP}: summary has brackets without an optional field or id in them.",
    ),
    "brackets around nothing": (
        SUMMARY,
        SUMMARY.replace(" after", "[] after"),
        f"{PICKUP}: summary has brackets without an optional field or id in them.",
    ),
    "brackets within brackets": (
        SUMMARY,
        SUMMARY.replace("[ by {loaded_by}]", "[ by [{loaded_by}]]"),
        f"{PICKUP}: summary has a bracket within brackets.",
    ),
    "bracket not closed": (
        SUMMARY,
        SUMMARY.replace("{loaded_by}]", "{loaded_by}"),
        f"{PICKUP}: summary has an opening bracket without a closing one.",
    ),
    "bracket not opened": (
        SUMMARY,
        SUMMARY.replace("[ by", " by"),
        f"{PICKUP}: summary has a closing bracket without an opening one.",
    ),
    "another event's field in brackets": (
        SUMMARY,
        SUMMARY.replace("{loaded_by}", "{loaded_bx}"),
        f"{PICKUP}: summary names {{loaded_bx}}, which is not of this event"
        " (did you mean loaded_by?).",
    ),
    "example without a field": (
        EXAMPLE,
        EXAMPLE.replace("wait_s: 84.2, ", ""),
        f"{PICKUP}, example: wait_s is missing.",
    ),
    "example without an id": (
        EXAMPLE,
        EXAMPLE.replace("merchant_id: M-7, ", ""),
        f"{PICKUP}, example: merchant_id is missing.",
    ),
    "example with the id of another thing": (
        EXAMPLE,
        EXAMPLE.replace("M-7", "R-7"),
        f"{PICKUP}, example: merchant_id must be text that starts with M-.",
    ),
    "example out of bounds": (
        EXAMPLE,
        EXAMPLE.replace("84.2", "7200.1"),
        f"{PICKUP}, example: wait_s is no valid number.",
    ),
    "example outside the values": (
        EXAMPLE,
        EXAMPLE.replace("loaded_by: merchant", "loaded_by: nobody"),
        f"{PICKUP}, example: loaded_by is no valid enum.",
    ),
    "example with another field": (
        EXAMPLE,
        EXAMPLE.replace("loaded_by", "loadd_by"),
        f"{PICKUP}, example: loadd_by is not of this event (did you mean loaded_by?).",
    ),
    "two events for a step": (
        "roles: {funnel_step: pickup_arrived}",
        "roles: {funnel_step: pickup_completed}",
        f"{EVENTS}: funnel_step pickup_completed is given to 2 events, not one.",
    ),
    "event twice": (
        "name: delivery.pickup_failed",
        "name: delivery.pickup_completed",
        f"{PICKUP}: is given 2 times.",
    ),
    "severity unknown": (
        "severity: info",
        "severity: fatal",
        f"{EVENTS}, event order.created: severity must be 'info', 'warn' or 'error'.",
    ),
    "role unknown": (
        "{funnel_step: order_created}",
        "{funel_step: order_created}",
        f"{EVENTS}, event order.created, roles: unknown key 'funel_step'"
        " (did you mean funnel_step?).",
    ),
    "version unreadable": (
        "registry_version: 1.0.0",
        "registry_version: 1.0",
        f"{EVENTS}: registry_version must be three numbers such as 1.0.0.",
    ),
    "key twice": (
        "    version: 1\n",
        "    version: 1\n    version: 2\n",
        f"{EVENTS}, line 30: key 'version' is given twice.",
    ),
    "key of the file unknown": (
        "\nevents:\n",
        "\nowners: []\nevents:\n",
        f"{EVENTS}: unknown key 'owners'.",
    ),
}


@pytest.mark.parametrize(("old", "new", "problem"), EVENT_MISTAKES.values(), ids=EVENT_MISTAKES)
def test_a_mistake_in_an_event_is_told_exactly(
    project: Path, old: str, new: str, problem: str
) -> None:
    edit(project, EVENTS, old, new)
    assert problem in problems(project)


STATE_MISTAKES = {
    "source unknown": (
        "entered_from: [assigned, at_merchant,",
        "entered_from: [assignd, at_merchant,",
        f"{STATES}, state available: entered_from names 'assignd', which is no state.",
    ),
    "source derived": (
        "entered_from: [assigned, at_merchant,",
        "entered_from: [unknown, at_merchant,",
        f"{STATES}, state available: entered_from names 'unknown', which is derived and never "
        "logged.",
    ),
    "derived but entered": (
        "entered_from: []",
        "entered_from: [offline]",
        f"{STATES}, state unknown: a derived state is never entered; leave entered_from empty.",
    ),
    "operating against its class": (
        "operating: true",
        "operating: false",
        f"{STATES}, state available: operating must be true for the classes supply and support "
        "only.",
    ),
    "usable without activity": (
        "activity: ready",
        "activity: null",
        f"{STATES}, state available: activity must be ready or busy when usable, null when never "
        "usable.",
    ),
}


@pytest.mark.parametrize(("old", "new", "problem"), STATE_MISTAKES.values(), ids=STATE_MISTAKES)
def test_a_mistake_in_a_state_is_told_exactly(
    project: Path, old: str, new: str, problem: str
) -> None:
    edit(project, STATES, old, new)
    assert problem in problems(project)


def test_all_problems_of_all_files_come_at_once(project: Path) -> None:
    edit(project, EVENTS, WAIT, WAIT.replace("min: 0", "min: 8000"))
    edit(project, EVENTS, "severity: info", "severity: fatal")
    edit(project, STATES, "usable: always", "usable: mostly")
    edit(project, REASONS, "class: planned", "class: plannd")

    found = problems(project)

    assert f"{PICKUP}, field wait_s: min is above max." in found
    assert any("event order.created: severity" in line for line in found)
    assert any(f"{STATES}, state available: usable" in line for line in found)
    assert any(f"{REASONS}, reason charging: class" in line for line in found)


def test_a_file_that_is_missing_or_no_yaml_is_told(project: Path) -> None:
    (project / REASONS).unlink()
    (project / STATES).write_text("robot_states: ]", "utf-8")

    found = problems(project)

    assert f"{REASONS}: cannot be read (No such file or directory)." in found
    assert any(line.startswith(f"{STATES}, line 1: ") for line in found)

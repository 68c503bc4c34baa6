"""Each kind of mistake in the registry is reported in one sentence that says where it is."""

import shutil
from pathlib import Path

import pytest

from fleet.registry import RegistryError, load_registry

PROJECT = Path(__file__).parents[3]
EVENTS = "registry/events.yml"
STATES = "registry/robot_states.yml"
REASONS = "registry/downtime_reasons.yml"
ENVELOPE = "registry/envelope.yml"
QUARANTINE = "registry/quarantine_reasons.yml"
STEPS = "registry/funnel_steps.yml"
MONITORS = "registry/monitors.yml"
PICKUP = f"{EVENTS}, event delivery.pickup_completed"
WAIT = "wait_s: {type: number, min: 0, max: 7200, brief: From arrival to lid locked."
LOADED = "loaded_by: {type: enum, of: [merchant, field_ops, unknown], brief: Who loaded the robot."
EXAMPLE = "merchant_id: M-7, wait_s: 84.2, loaded_by: merchant, software_version: 4.2.1}"
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


COMPONENT = "localization, perception, planning, control], means: {lid: lid}"
FIELD_MISTAKES = {
    "meaning that is not asked for": (
        COMPONENT,
        COMPONENT.replace("lid: lid", "lid: ldi"),
        "field component: means: lid means ldi, for which the models do not ask (did you mean "
        "lid?); they ask for lid.",
    ),
    "meaning of a word that is none": (
        COMPONENT,
        COMPONENT.replace("lid: lid", "hatch: lid"),
        "field component: means: hatch is no value of it.",
    ),
    "meaning that is another elsewhere": (
        "robot_fault: robot_failure, robot_blocked",
        "robot_fault: lid_fault, robot_blocked",
        "field reason: robot_fault means lid_fault here but robot_failure in "
        "delivery.pickup_failed; a word has one meaning.",
    ),
    "meaning of a field that is not asked": (
        LOADED,
        LOADED.replace("brief:", "means: {merchant: lid}, brief:"),
        "field loaded_by: means is for the fields reason, component, cause, kind, severity, "
        "cancelled_by, fulfilled_by, disposition, outcome; the models ask no others.",
    ),
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
        f"{STEPS}, step pickup_completed: needs one event with roles: {{funnel_step: "
        "pickup_completed}, not delivery.pickup_arrived and delivery.pickup_completed.",
    ),
    "no event for a step": (
        "roles: {funnel_step: pickup_arrived}",
        "roles: {}",
        f"{STEPS}, step pickup_arrived: needs one event with roles: {{funnel_step: "
        "pickup_arrived}, not none.",
    ),
    "step unknown": (
        "roles: {funnel_step: pickup_arrived}",
        "roles: {funnel_step: pickup_arived}",
        f"{EVENTS}, event delivery.pickup_arrived, roles: funnel_step 'pickup_arived' is not in "
        f"{STEPS} (did you mean pickup_arrived?).",
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
        "registry_version: ",
        "registry_version: 1.0  # ",
        f"{EVENTS}: registry_version must be three numbers such as 1.0.0.",
    ),
    "key twice": (
        "    version: 1\n",
        "    version: 1\n    version: 2\n",
        f"{EVENTS}, line 39: key 'version' is given twice.",
    ),
    "key of the file unknown": (
        "\nevents:\n",
        "\nowners: []\nevents:\n",
        f"{EVENTS}: unknown key 'owners'.",
    ),
}


@pytest.mark.parametrize(("old", "new", "problem"), EVENT_MISTAKES.values(), ids=EVENT_MISTAKES)
def test_a_mistake_in_an_event_is_reported_exactly(
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
def test_a_mistake_in_a_state_is_reported_exactly(
    project: Path, old: str, new: str, problem: str
) -> None:
    edit(project, STATES, old, new)
    assert problem in problems(project)


ENVELOPE_MISTAKES = {
    "text without a width": (
        "    type: string\n    width: 16\n",
        "    type: string\n",
        f"{ENVELOPE}, key status: an id or a string needs a width, and only they have one.",
    ),
    "number with a width": (
        "  - name: seq\n    type: int\n",
        "  - name: seq\n    type: int\n    width: 8\n",
        f"{ENVELOPE}, key seq: an id or a string needs a width, and only they have one.",
    ),
    "bound of a text": (
        "    width: 16\n",
        "    width: 16\n    min: 1\n",
        f"{ENVELOPE}, key status: min and max are for int.",
    ),
    "parts that are too long together": (
        "boot: 36",
        "boot: 37",
        f"{ENVELOPE}, key emitter_id: its parts with the / between them may be longer than 256 "
        "bytes.",
    ),
    "parts of a text": (
        "    width: 16\n",
        "    width: 16\n    parts: {a: 1}\n",
        f"{ENVELOPE}, key status: parts are for id.",
    ),
    "key in no object": (
        "name: dd.span_id",
        "name: trace.span_id",
        f"{ENVELOPE}, key trace.span_id: needs a key trace of the type object.",
    ),
    "name of an id": (
        "name: received_at",
        "name: market",
        f"{ENVELOPE}, key market: is an id of {EVENTS}; leave it out here.",
    ),
    "one column, two keys": (
        "column: span_id",
        "column: trace_id",
        f"{ENVELOPE}, key dd.span_id: shares the column trace_id with another key.",
    ),
    "name of another shape": (
        "name: received_at",
        "name: receivedAt",
        f"{ENVELOPE}, key receivedAt: name must be lower_snake_case.",
    ),
    "type unknown": (
        "    type: bool\n",
        "    type: boolean\n",
        f"{ENVELOPE}, key evt.valid: type must be 'id', 'string', 'int', 'bool', 'timestamp' or "
        "'object'.",
    ),
    "key misspelt": (
        "    column: span_id\n",
        "    colunm: span_id\n",
        f"{ENVELOPE}, key dd.span_id: unknown key 'colunm' (did you mean column?).",
    ),
}


@pytest.mark.parametrize(
    ("old", "new", "problem"), ENVELOPE_MISTAKES.values(), ids=ENVELOPE_MISTAKES
)
def test_a_mistake_in_the_envelope_is_reported_exactly(
    project: Path, old: str, new: str, problem: str
) -> None:
    edit(project, ENVELOPE, old, new)
    assert problem in problems(project)


def test_a_payload_field_cannot_hide_a_column_of_the_envelope(project: Path) -> None:
    edit(project, ENVELOPE, "column: service_version", "column: loaded_by")
    assert load_registry(project).column("loaded_by") == "loaded_by_value"


def test_a_mistake_in_a_reason_is_reported_exactly(project: Path) -> None:
    edit(project, QUARANTINE, "found_in: line", "found_in: lines")
    edit(project, QUARANTINE, "name: bad_type", "name: missing_required")
    assert problems(project) == [
        f"{QUARANTINE}, reason malformed: found_in must be 'line' or 'event'.",
        f"{QUARANTINE}, reason missing_required: is given 2 times.",
    ]


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


def test_a_file_that_is_missing_or_no_yaml_is_reported(project: Path) -> None:
    (project / REASONS).unlink()
    (project / STATES).write_text("robot_states: ]", "utf-8")

    found = problems(project)

    assert f"{REASONS}: cannot be read (No such file or directory)." in found
    assert any(line.startswith(f"{STATES}, line 1: ") for line in found)


SHIFT = f"{EVENTS}, event pilot.shift_changed"
SHIFT_STABLE = (
    'summary: "{pilot_id} is {status}[ at {site}]"\n    stability: stable\n',
    'summary: "{pilot_id} is {status}[ at {site}]"\n    stability: deprecated\n    ',
)
DEPRECATION_MISTAKES = {
    "deprecated without saying how": (
        "",
        f"{SHIFT}: stability must be deprecated when `deprecated` is given, and only then.",
    ),
    "sunset missing": (
        "deprecated: {reason: obsoleted}\n",
        f"{SHIFT}, deprecated: sunset is missing.",
    ),
    "sunset as text": (
        'deprecated: {reason: obsoleted, sunset: "soon"}\n',
        f"{SHIFT}, deprecated: sunset must be a date such as 2027-06-30, without quotes.",
    ),
    "reason unknown": (
        "deprecated: {reason: boring, sunset: 2027-06-30}\n",
        f"{SHIFT}, deprecated: reason must be 'renamed' or 'obsoleted'.",
    ),
    "key misspelt": (
        "deprecated: {reason: obsoleted, sunset: 2027-06-30, notes: Why.}\n",
        f"{SHIFT}, deprecated: unknown key 'notes' (did you mean note?).",
    ),
    "renamed to nothing": (
        "deprecated: {reason: renamed, sunset: 2027-06-30}\n",
        f"{SHIFT}, deprecated: renamed_to belongs to the reason renamed, and only to it.",
    ),
    "obsolete but renamed": (
        "deprecated: {reason: obsoleted, renamed_to: robot.stuck, sunset: 2027-06-30}\n",
        f"{SHIFT}, deprecated: renamed_to belongs to the reason renamed, and only to it.",
    ),
    "renamed to what is not registered": (
        "deprecated: {reason: renamed, renamed_to: pilot.sesion_ended, sunset: 2027-06-30}\n",
        f"{SHIFT}, deprecated: renamed_to names no registered event"
        " (did you mean pilot.session_ended?).",
    ),
    "renamed to another shape": (
        "deprecated: {reason: renamed, renamed_to: ShiftEnded, sunset: 2027-06-30}\n",
        f"{SHIFT}, deprecated: renamed_to must read stream.object_verb, lower case.",
    ),
    "renamed to itself": (
        "deprecated: {reason: renamed, renamed_to: pilot.shift_changed, sunset: 2027-06-30}\n",
        f"{SHIFT}, deprecated: renamed_to names pilot.shift_changed, which is deprecated itself.",
    ),
}

TAKEOVERS = "pilot.control_changed: {from_mode: [autonomous], to_mode: [assisted, remote]}"
RATIO = "of: failed_pickups\n    over: pickups\n"

MONITOR_MISTAKES = {
    "event unknown": (
        "events: {dispatch.assigned: {}}",
        "events: {dispatch.asigned: {}}",
        "metric dispatched_orders: dispatch.asigned is no event (did you mean dispatch.assigned?).",
    ),
    "events neither word nor mapping": (
        "events: errors",
        "events: warnings",
        "metric errors: events must be all, errors, or a mapping of event names.",
    ),
    "left out of events that were not all": (
        "events: errors\n",
        "events: errors\n    except: [robot.heartbeat]\n",
        "metric errors: except goes with events: all.",
    ),
    "field unknown": (
        TAKEOVERS,
        TAKEOVERS.replace("to_mode", "mode"),
        "metric takeovers: pilot.control_changed: mode is no field (did you mean to_mode?).",
    ),
    "value unknown": (
        TAKEOVERS,
        TAKEOVERS.replace("remote]", "remotely]"),
        "metric takeovers: pilot.control_changed: remotely is no value of to_mode "
        "(did you mean remote?).",
    ),
    "state set unknown": (
        "{state: operating}",
        "{state: driving}",
        "metric operating_heartbeats: robot.heartbeat: state must be a list of values, or for a "
        "robot state one of operating, unplanned_down, in_service, unusable.",
    ),
    "bool of what is none": (
        TAKEOVERS,
        TAKEOVERS.replace("[autonomous]", "true"),
        "metric takeovers: pilot.control_changed: from_mode is no bool.",
    ),
    "values of what is no enum": (
        "events: {telemetry.event_rejected: {}}",
        "events: {telemetry.event_rejected: {rejected_name: [x]}}",
        "metric refused_events: telemetry.event_rejected: rejected_name is no enum, so it cannot "
        "be compared with a list of values.",
    ),
    "distinct id that may be absent": (
        "events: {dispatch.assigned: {}}\n    distinct: order_id",
        "events: {dispatch.assigned: {}}\n    distinct: pilot_id",
        "metric dispatched_orders: distinct pilot_id is not an id that dispatch.assigned requires.",
    ),
    "distinct and spread": (
        "spread_of: wait_s",
        "spread_of: wait_s\n    distinct: order_id",
        "metric pickup_wait_seconds: distinct and spread_of exclude each other.",
    ),
    "spread of text": (
        "spread_of: wait_s",
        "spread_of: loaded_by",
        "metric pickup_wait_seconds: spread_of loaded_by is no number of "
        "delivery.pickup_completed.",
    ),
    "id as tag": (
        "tags: {market: market, kind: kind}",
        "tags: {market: market, robot: robot_id}",
        "metric critical_safety_events: tag robot: an id is no tag; each value of a tag is billed.",
    ),
    "any text as tag": (
        "events: {robot.error: {}, robot.safety_event: {}}\n    tags: {market: market,",
        "events: {robot.error: {}}\n    tags: {code: error_code,",
        "metric robot_errors: tag code: error_code of robot.error may have any number of values, "
        "each billed.",
    ),
    "tag from nowhere": (
        "tags: {market: market, kind: kind}",
        "tags: {market: market, kind: sort}",
        "metric critical_safety_events: tag kind: sort is neither of the envelope nor a field of "
        "robot.safety_event.",
    ),
    "metric unknown": (
        RATIO,
        RATIO.replace("pickups\n", "pickup\n", 1),
        "monitor failed_pickup_ratio: failed_pickup is no metric (did you mean failed_pickups?).",
    ),
    "tag unknown": (
        "over: events\n    minimum_sample: 200\n    by: [service, version]",
        "over: events\n    minimum_sample: 200\n    by: [service, market]",
        "monitor error_ratio: events has no tag market.",
    ),
    "alert on a distribution": (
        "of: lost_connections",
        "of: pilot_queue_seconds",
        "monitor lost_connections: pilot_queue_seconds is a distribution, not a count.",
    ),
    "ids counted once by a metric": (
        RATIO + "    minimum_sample: 20\n    by: [software_version]\n    source: logs",
        RATIO + "    minimum_sample: 20\n    by: [software_version]\n    source: metrics",
        "monitor failed_pickup_ratio: pickups counts each delivery_id once, which only source: "
        "logs can.",
    ),
    "heartbeats of the index": (
        "minimum_sample: 5\n    by: [market]\n    source: metrics",
        "minimum_sample: 5\n    by: [market]\n    source: logs",
        "monitor unusable_supply_ratio: in_service_heartbeats counts heartbeats, which only "
        "source: metrics sees.",
    ),
    "sample of a count": (
        "of: lost_connections\n",
        "of: lost_connections\n    minimum_sample: 3\n",
        "monitor lost_connections: shortfall and minimum_sample need `over`.",
    ),
    "ratio without a sample": (
        RATIO + "    minimum_sample: 20\n",
        RATIO,
        "monitor failed_pickup_ratio: a ratio needs minimum_sample: one failure of one would be "
        "all of them.",
    ),
    "shortfall of a metric": (
        "over: in_service_heartbeats\n",
        "over: in_service_heartbeats\n    shortfall: true\n",
        "monitor unusable_supply_ratio: shortfall needs source: logs; a log-based metric of which "
        "nothing came has no value.",
    ),
    "warning above critical": (
        "critical: 10\n    warning: 5",
        "critical: 10\n    warning: 15",
        "monitor lost_connections: warning must be below critical.",
    ),
    "title that does not say whom": (
        "title: The gateway loses robots of {market}",
        "title: The gateway loses robots",
        "monitor lost_connections: title must say {market}, which it is split by.",
    ),
    "key misspelt": (
        "window_minutes: 15\n    critical: 10",
        "window_minute: 15\n    critical: 10",
        "monitor lost_connections: unknown key 'window_minute' (did you mean window_minutes?).",
    ),
    "window too long": (
        "window_minutes: 15\n    critical: 10",
        "window_minutes: 15000\n    critical: 10",
        "monitor lost_connections: window_minutes must be less than or equal to 2880.",
    ),
    "source unknown": (
        "source: logs",
        "source: log",
        "monitor failed_delivery_ratio: source must be 'logs' or 'metrics'.",
    ),
}


@pytest.mark.parametrize(
    ("row", "problem"), DEPRECATION_MISTAKES.values(), ids=DEPRECATION_MISTAKES
)
def test_a_mistake_in_a_deprecation_is_reported_exactly(
    project: Path, row: str, problem: str
) -> None:
    old, new = SHIFT_STABLE
    edit(project, EVENTS, old, new.rstrip(" ") if not row else new + row)
    assert problem in problems(project)


def test_deprecated_without_its_stability_is_reported(project: Path) -> None:
    old, _ = SHIFT_STABLE
    row = "    deprecated: {reason: obsoleted, sunset: 2027-06-30}\n"
    edit(project, EVENTS, old, old + row)
    assert f"{SHIFT}: stability must be deprecated when `deprecated` is given, and only then." in (
        problems(project)
    )


@pytest.mark.parametrize(("old", "new", "problem"), MONITOR_MISTAKES.values(), ids=MONITOR_MISTAKES)
def test_a_mistake_in_a_metric_or_monitor_is_reported_exactly(
    project: Path, old: str, new: str, problem: str
) -> None:
    edit(project, MONITORS, old, new)
    assert f"{MONITORS}, {problem}" in problems(project)

"""What kind of change an edit of the registry is: a case for each rule, and what is said of it."""

from __future__ import annotations

import copy
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from fleet.cli import main
from fleet.registry import load_registry
from fleet.registry.changes import Change, Kind
from fleet.registry.diff import compare

PROJECT = Path(__file__).parents[3]
PICKUP = "delivery.pickup_completed"
SHIFT = "pilot.shift_changed"
RULES = PROJECT / "fleet/registry"
TODAY = date(2027, 1, 1)
BREAKING, VERSIONED, WARNING, COMPATIBLE = Kind


FILES: dict[str, Any] = {
    path.name: yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
    for path in (PROJECT / "registry").glob("*.yml")
}
# The changes are from 1.0.0, whatever the registry's version is by now.
FILES["events.yml"]["registry_version"] = "1.0.0"
BASE = replace(load_registry(PROJECT), version="1.0.0")


class Draft:
    """A registry to edit: its rows by name."""

    def __init__(self) -> None:
        self.files = copy.deepcopy(FILES)
        self.head = self.files["events.yml"]
        self.ids: dict[str, Any] = self.head["ids"]
        self.events = {event["name"]: event for event in self.head["events"]}
        self.states = {s["name"]: s for s in self.files["robot_states.yml"]["robot_states"]}
        self.reasons = {
            r["name"]: r for r in self.files["downtime_reasons.yml"]["downtime_reasons"]
        }
        self.envelope: list[dict[str, Any]] = self.files["envelope.yml"]["envelope"]
        self.quarantine: list[dict[str, Any]] = self.files["quarantine_reasons.yml"][
            "quarantine_reasons"
        ]
        self.steps: list[dict[str, Any]] = self.files["funnel_steps.yml"]["funnel_steps"]

    def key(self, name: str) -> dict[str, Any]:
        """A key of the envelope."""
        return next(key for key in self.envelope if key["name"] == name)

    def field(self, name: str) -> dict[str, Any]:
        """A field of the pickup or the shift event."""
        fields: dict[str, Any] = {**self.events[PICKUP]["fields"], **self.events[SHIFT]["fields"]}
        found: dict[str, Any] = fields[name]
        return found

    def rename(self, old: str, new: str) -> None:
        """A field of the pickup event, wherever it is named."""
        event = self.events[PICKUP]
        event["fields"][new] = event["fields"].pop(old)
        event["example"][new] = event["example"].pop(old)
        event["summary"] = event["summary"].replace(f"{{{old}}}", f"{{{new}}}")
        for metric in self.files["monitors.yml"]["metrics"]:
            if PICKUP in metric["events"] and metric.get("spread_of") == old:
                metric["spread_of"] = new

    def deprecate(self, sunset: date, name: str = SHIFT) -> None:
        self.events[name]["stability"] = "deprecated"
        self.events[name]["deprecated"] = {"reason": "obsoleted", "sunset": sunset}

    def save(self, project: Path) -> Path:
        self.head["events"] = list(self.events.values())
        self.files["robot_states.yml"]["robot_states"] = list(self.states.values())
        self.files["downtime_reasons.yml"]["downtime_reasons"] = list(self.reasons.values())
        (project / "registry").mkdir(parents=True)
        for name, content in self.files.items():
            (project / "registry" / name).write_text(
                yaml.dump(content, Dumper=yaml.CSafeDumper, sort_keys=False)
            )
        return project


Edit = Callable[[Draft], object]


def drop_loaded_by(draft: Draft) -> None:
    draft.events[PICKUP]["fields"].pop("loaded_by")
    draft.events[PICKUP]["example"].pop("loaded_by")
    draft.events[PICKUP]["summary"] = "Loaded after {wait_s} s"


def as_text(draft: Draft) -> None:
    draft.events[PICKUP]["fields"]["loaded_by"] = {
        "type": "string", "brief": "Who.", "requirement": "optional"
    }  # fmt: skip


def add_field(requirement: str) -> Edit:
    def edit(draft: Draft) -> None:
        field = {"type": "bool", "brief": "Whether it is hot.", "requirement": requirement}
        draft.events[PICKUP]["fields"]["hot"] = field
        draft.events[PICKUP]["example"]["hot"] = True

    return edit


def optional_wait(draft: Draft) -> None:
    draft.field("wait_s")["requirement"] = "optional"
    draft.events[PICKUP]["summary"] = "Loaded[ after {wait_s} s]"


def required_loaded_by(draft: Draft) -> None:
    draft.field("loaded_by")["requirement"] = "required"
    draft.events[PICKUP]["summary"] = "Loaded by {loaded_by} after {wait_s} s"


def add_event(draft: Draft) -> None:
    draft.events["pilot.shift_planned"] = {**draft.events[SHIFT], "name": "pilot.shift_planned"}


def add_state(draft: Draft) -> None:
    draft.states["towed"] = {**draft.states["maintenance"], "name": "towed"}


def drop_step(draft: Draft) -> None:
    draft.steps.pop(4)
    draft.events["delivery.dropoff_arrived"].pop("roles")


def add_step(draft: Draft) -> None:
    draft.steps.append({"name": "returned", "title": "Returned"})
    draft.events["delivery.return_completed"]["roles"] = {"funnel_step": "returned"}


def drop_state(draft: Draft) -> None:
    """The state is kept in the file, but no event may carry it any more."""
    draft.states["repositioning"] |= {"derived": True, "entered_from": []}
    for state in draft.states.values():
        if isinstance(state["entered_from"], list) and "repositioning" in state["entered_from"]:
            state["entered_from"].remove("repositioning")


def add_id(draft: Draft) -> None:
    draft.ids["zone_id"] = {"prefix": "Z-", "brief": "A zone."}


def drop_pilot_id(draft: Draft) -> None:
    draft.ids.pop("pilot_id")
    for event in draft.events.values():
        event["ids"].pop("pilot_id", None)
        event["example"].pop("pilot_id", None)
        event["summary"] = event["summary"].replace("{pilot_id}", "Pilot")


def other_prefix(draft: Draft) -> None:
    draft.ids["pilot_id"]["prefix"] = "T-"
    for event in draft.events.values():
        if "pilot_id" in event["example"]:
            event["example"]["pilot_id"] = "T-3"


def set_in(place: Callable[[Draft], dict[str, Any]], **values: Any) -> Edit:
    return lambda draft: place(draft).update(values)


def pickup(draft: Draft) -> dict[str, Any]:
    event: dict[str, Any] = draft.events[PICKUP]
    return event


def nothing(draft: Draft) -> None:
    pass


def field(name: str) -> Callable[[Draft], dict[str, Any]]:
    return lambda draft: draft.field(name)


# Rule: what the earlier registry was like, what was edited, the kind, what is said.
CASES: dict[str, tuple[Edit, Edit, Kind, str]] = {
    "EVENT_NO_DELETE": (
        nothing, lambda d: d.events.pop(SHIFT), BREAKING,
        "pilot.shift_changed: is gone, but may still be logged; keep it with stability deprecated "
        "and a sunset, and remove it after that day",
    ),
    "EVENT_NO_DELETE before its sunset": (
        lambda d: d.deprecate(TODAY), lambda d: d.events.pop(SHIFT), BREAKING,
        "pilot.shift_changed: is gone before its sunset; keep it until 2027-01-01 has passed",
    ),
    "EVENT_SUNSET": (
        lambda d: d.deprecate(date(2026, 12, 31)), lambda d: d.events.pop(SHIFT), COMPATIBLE,
        "pilot.shift_changed: is gone after its sunset",
    ),
    "EVENT_ADDED": (nothing, add_event, COMPATIBLE, "pilot.shift_planned: is new"),
    "EVENT_VERSION_NEXT": (
        nothing, set_in(pickup, version=3), BREAKING,
        "delivery.pickup_completed: goes from version 1 to 3; a version goes up by one, to 2",
    ),
    "EVENT_VERSION_NEXT downwards": (
        set_in(pickup, version=2), set_in(pickup, version=1), BREAKING,
        "delivery.pickup_completed: goes from version 2 to 1; a version goes up by one, to 3",
    ),
    "EVENT_VERSION_UNNEEDED": (
        nothing, set_in(pickup, version=2), WARNING,
        "delivery.pickup_completed: has version 2 without a breaking change; right where a field "
        "means something else from now on, else leave it at 1, so that readers need not look",
    ),
    "EVENT_SAME_ROLES": (
        nothing, lambda d: d.events["delivery.pickup_failed"].pop("roles"), BREAKING,
        "delivery.pickup_failed: has other roles, so that the marts count it as something else; "
        "give the new role to a new event, or raise the event's version to 2",
    ),
    "EVENT_SEVERITY": (
        nothing, set_in(pickup, severity="warn"), WARNING,
        "delivery.pickup_completed: is warn instead of info; look at the monitors that count it",
    ),
    "EVENT_DEPRECATED": (
        nothing, lambda d: d.deprecate(TODAY), COMPATIBLE,
        "pilot.shift_changed: is deprecated: Obsolete; to be removed after 2027-01-01",
    ),
    "EVENT_SUNSET_EARLIER": (
        lambda d: d.deprecate(date(2027, 6, 30)), lambda d: d.deprecate(date(2027, 3, 31)),
        WARNING,
        "pilot.shift_changed: has its sunset on 2027-03-31 instead of 2027-06-30; tell those who "
        "rely on the later day",
    ),
    "EVENT_TEXT": (
        nothing, set_in(pickup, brief="Loaded.", owner="loading"), COMPATIBLE,
        "delivery.pickup_completed: has another brief and owner",
    ),
    "FIELD_NO_DELETE": (
        nothing, drop_loaded_by, BREAKING,
        "delivery.pickup_completed, field loaded_by: is gone; keep it as optional, or raise the "
        "event's version to 2",
    ),
    "FIELD_NO_DELETE of an id": (
        nothing,
        lambda d: (pickup(d)["ids"].pop("merchant_id"), pickup(d)["example"].pop("merchant_id")),
        BREAKING,
        "delivery.pickup_completed, id merchant_id: is gone; keep it as optional, or raise the "
        "event's version to 2",
    ),
    "FIELD_SAME_UNIT": (
        nothing, lambda d: d.rename("wait_s", "wait_ms"), BREAKING,
        "delivery.pickup_completed, field wait_s: became wait_ms, which is another unit; keep "
        "wait_s and add wait_ms as optional, or raise the event's version to 2",
    ),
    "FIELD_NO_NEW_REQUIRED": (
        nothing, add_field("required"), BREAKING,
        "delivery.pickup_completed, field hot: is new and required, but the programs that run now "
        "do not send it; add it as optional, or raise the event's version to 2",
    ),
    "FIELD_ADDED": (
        nothing, add_field("optional"), COMPATIBLE,
        "delivery.pickup_completed, field hot: is new",
    ),
    "FIELD_ADDED as an id": (
        nothing, lambda d: pickup(d)["ids"].update(pilot_id="optional"), COMPATIBLE,
        "delivery.pickup_completed, id pilot_id: is new",
    ),
    "FIELD_SAME_REQUIREMENT": (
        nothing, required_loaded_by, BREAKING,
        "delivery.pickup_completed, field loaded_by: became required, but the programs that run "
        "now may not send it; leave it optional, or raise the event's version to 2",
    ),
    "FIELD_OPTIONAL": (
        nothing, optional_wait, WARNING,
        "delivery.pickup_completed, field wait_s: became optional; models and contracts that take "
        "it as not null must take nulls",
    ),
    "FIELD_SAME_TYPE": (
        nothing, as_text, BREAKING,
        "delivery.pickup_completed, field loaded_by: is string instead of enum; keep it and add a "
        "field of another name, or raise the event's version to 2",
    ),
    "FIELD_TEXT": (
        nothing, set_in(field("wait_s"), brief="Wait."), COMPATIBLE,
        "delivery.pickup_completed, field wait_s: has another brief",
    ),
    "FIELD_MEANS": (
        nothing,
        lambda d: d.events["robot.error"]["fields"]["component"].update(means={"drive": "lid"}),
        WARNING,
        "robot.error, field component: takes drive, lid for something else, which changes causes "
        "of the past",
    ),
    "FIELD_ENUM_NO_DELETE": (
        nothing, set_in(field("loaded_by"), of=["merchant"]), BREAKING,
        "delivery.pickup_completed, field loaded_by: no longer takes field_ops, unknown; keep "
        "what programs that run now may send, or raise the event's version to 2",
    ),
    "FIELD_ENUM_ADDED": (
        nothing, lambda d: d.field("loaded_by")["of"].append("robot"), WARNING,
        "delivery.pickup_completed, field loaded_by: also takes robot; look for a `case` in the "
        "models that must know",
    ),
    "FIELD_BOUNDS_NO_TIGHTEN": (
        nothing, set_in(field("wait_s"), min=1, max=3600), BREAKING,
        "delivery.pickup_completed, field wait_s: has a tighter min from 0 to 1 and max from 7200 "
        "to 3600; leave the bound as it was, or raise the event's version to 2",
    ),
    "FIELD_BOUNDS_WIDER": (
        nothing, set_in(field("wait_s"), max=9000), COMPATIBLE,
        "delivery.pickup_completed, field wait_s: has a wider max from 7200 to 9000",
    ),
    "FIELD_LENGTH_NO_SHORTEN": (
        nothing, set_in(field("site"), max_length=32), BREAKING,
        "pilot.shift_changed, field site: takes 32 characters instead of 64; leave it at 64, or "
        "raise the event's version to 2",
    ),
    "FIELD_LENGTH_LONGER": (
        nothing, set_in(field("site"), max_length=128), WARNING,
        "pilot.shift_changed, field site: takes 128 characters instead of 64; rebuild the tables "
        "that hold it with --full-refresh, their columns are too narrow",
    ),
    "ID_NO_DELETE": (
        nothing, drop_pilot_id, BREAKING,
        "id pilot_id: is gone; keep it, or raise registry_version to 2.0.0",
    ),
    "ID_SAME_PREFIX": (
        nothing, other_prefix, BREAKING,
        "id pilot_id: starts with T- instead of P-, as every line so far does; leave the prefix, "
        "or raise registry_version to 2.0.0",
    ),
    "ID_TEXT": (
        nothing, lambda d: d.ids["pilot_id"].update(brief="A pilot."), COMPATIBLE,
        "id pilot_id: has another brief",
    ),
    "ID_ADDED": (nothing, add_id, COMPATIBLE, "id zone_id: is new"),
    "STATE_NO_DELETE": (
        nothing, drop_state, BREAKING,
        "state repositioning: can no longer be logged, but robots that run now do; keep it, or "
        "raise registry_version to 2.0.0",
    ),
    "STATE_SAME_USABLE": (
        nothing, lambda d: d.states["available"].update(usable="never", activity=None), BREAKING,
        "state available: counts as usable never (None) instead of always (ready), which changes "
        "the supply hours of the past; make it a new state, or raise registry_version to 2.0.0",
    ),
    "STATE_SAME_CLASS": (
        nothing,
        lambda d: d.states["available"].update(
            {"class": "planned_down", "operating": False, "expects_heartbeat": False}
        ),
        BREAKING,
        "state available: has another state_class and operating and expects_heartbeat, which "
        "changes the downtime and MTBF of the past; make it a new state, or raise "
        "registry_version to 2.0.0",
    ),
    "STATE_MARKS": (
        nothing, lambda d: d.states["blocked"].update(marks=["stuck"]), WARNING,
        "state blocked: has other marks, which changes sessions and failures of the past",
    ),
    "STATE_TEXT": (
        nothing, lambda d: d.states["available"].update(brief="Ready."), COMPATIBLE,
        "state available: has another brief",
    ),
    "STATE_ADDED": (
        nothing, add_state, WARNING,
        "state towed: is new; look for a `case` in the models that must know",
    ),
    "TRANSITION_REMOVED": (
        nothing, lambda d: d.states["available"]["entered_from"].remove("fault"), WARNING,
        "state available: is no longer entered from fault; sessions will show it as illegal",
    ),
    "TRANSITION_ADDED": (
        nothing, lambda d: d.states["available"]["entered_from"].append("in_transit"), COMPATIBLE,
        "state available: is also entered from in_transit",
    ),
    "REASON_TROUBLE": (
        nothing, lambda d: d.reasons["theft"].update(trouble="accident"), WARNING,
        "reason theft: is taken for accident instead of theft, which changes probable causes of "
        "the past",
    ),
    "REASON_NO_DELETE": (
        nothing, lambda d: d.reasons.pop("theft"), BREAKING,
        "reason theft: is gone, but robots that run now send it; keep it, or raise "
        "registry_version to 2.0.0",
    ),
    "REASON_SAME_CLASS": (
        nothing, lambda d: d.reasons["weather"].update({"class": "planned"}), BREAKING,
        "reason weather: is planned instead of environment, which changes the downtime of the "
        "past; make it a new reason, or raise registry_version to 2.0.0",
    ),
    "REASON_TEXT": (
        nothing, lambda d: d.reasons["weather"].update(brief="Rain."), COMPATIBLE,
        "reason weather: has another brief",
    ),
    "REASON_ADDED": (
        nothing, lambda d: d.reasons.update(strike={**d.reasons["no_pilot"], "name": "strike"}),
        WARNING,
        "reason strike: is new; look for a `case` in the models that must know",
    ),
    "ENVELOPE_NO_DELETE": (
        nothing, lambda d: d.envelope.remove(d.key("mono_ms")), BREAKING,
        "envelope, key mono_ms: is gone, but every program that runs now sends it; keep it, or "
        "raise registry_version to 2.0.0",
    ),
    "ENVELOPE_NO_NEW_REQUIRED": (
        nothing, lambda d: d.envelope.append(
            {**d.key("seq"), "name": "pid", "requirement": "required"}
        ), BREAKING,
        "envelope, key pid: is new and required, but the programs that run now do not send it; "
        "add it as optional, or raise registry_version to 2.0.0",
    ),
    "ENVELOPE_ADDED": (
        nothing, lambda d: d.envelope.append({**d.key("received_at"), "name": "relayed_at"}),
        COMPATIBLE, "envelope, key relayed_at: is new",
    ),
    "ENVELOPE_SAME_COLUMN": (
        nothing, lambda d: d.key("version").update(column="program_version"), BREAKING,
        "envelope, key version: is string in the column program_version instead of string in "
        "service_version; keep it and add a key of another name, or raise registry_version to "
        "2.0.0",
    ),
    "ENVELOPE_SAME_REQUIREMENT": (
        nothing, lambda d: d.key("mono_ms").update(requirement="required"), BREAKING,
        "envelope, key mono_ms: became required, but the programs that run now may not send it; "
        "leave it optional, or raise registry_version to 2.0.0",
    ),
    "ENVELOPE_WIDTH_NO_SHORTEN": (
        nothing, lambda d: d.key("service").update(width=64), BREAKING,
        "envelope, key service: takes 64 bytes instead of 128; leave it at 128, or raise "
        "registry_version to 2.0.0",
    ),
    "ENVELOPE_WIDTH_LONGER": (
        nothing, lambda d: d.key("service").update(width=200), WARNING,
        "envelope, key service: takes 200 bytes instead of 128; rebuild the tables that hold it "
        "with --full-refresh, their columns are too narrow",
    ),
    "ENVELOPE_TEXT": (
        nothing, lambda d: d.key("seq").update(brief="Number.", min=0), COMPATIBLE,
        "envelope, key seq: has another brief and min",
    ),
    "QUARANTINE_NO_DELETE": (
        nothing, lambda d: d.quarantine.pop(2), BREAKING,
        "quarantine reason too_large: is gone, and with it its count in event_reconciliation; "
        "keep it, or raise registry_version to 2.0.0",
    ),
    "QUARANTINE_TEXT": (
        nothing, lambda d: d.quarantine[2].update(brief="It is too large."), COMPATIBLE,
        "quarantine reason too_large: has another text",
    ),
    "QUARANTINE_ADDED": (
        nothing, lambda d: d.quarantine.append({**d.quarantine[2], "name": "too_long"}), WARNING,
        "quarantine reason too_long: is new; describe its count in the contract of "
        "event_reconciliation",
    ),
    "STEP_NO_DELETE": (
        nothing, drop_step, BREAKING,
        "funnel step dropoff_arrived: is gone, and with it the column dropoff_arrived_at; keep "
        "it, or raise registry_version to 2.0.0",
    ),
    "STEP_TEXT": (
        nothing, lambda d: d.steps[0].update(title="Ordered"), COMPATIBLE,
        "funnel step order_created: has another text",
    ),
    "STEP_ADDED": (
        drop_step, add_step, WARNING,
        "funnel step returned: is new; add its column to the models of deliveries",
    ),
    "REGISTRY_VERSION_NEXT": (
        nothing, lambda d: d.deprecate(TODAY), WARNING,
        "registry_version: is 1.0.0, but additions ask for 1.1.0",
    ),
    "REGISTRY_VERSION_NEXT for texts": (
        nothing, set_in(pickup, brief="Loaded."), WARNING,
        "registry_version: is 1.0.0, but other texts ask for 1.0.1",
    ),
    "REGISTRY_VERSION_NEXT for breaking changes": (
        nothing, lambda d: d.events.pop(SHIFT), WARNING,
        "registry_version: is 1.0.0, but breaking changes ask for 2.0.0",
    ),
}  # fmt: skip


def changes(tmp_path: Path, before: Edit, edit: Edit) -> list[Change]:
    """The changes that an edit makes to a registry that was edited before."""
    base, now = Draft(), Draft()
    for draft in (base, now):
        before(draft)
    edit(now)
    earlier = BASE if before is nothing else load_registry(base.save(tmp_path / "base"))
    return compare(earlier, load_registry(now.save(tmp_path / "now")), TODAY)


@pytest.mark.parametrize("case", CASES)
def test_each_rule_names_its_change_and_how_to_do_it_right(tmp_path: Path, case: str) -> None:
    before, edit, kind, sentence = CASES[case]
    found = changes(tmp_path, before, edit)
    assert Change(kind, case.split()[0], *sentence.split(": ", 1)) in found
    # Nothing else than the edit is found, but for what follows from it.
    rest = {change.rule for change in found} - {case.split()[0], "REGISTRY_VERSION_NEXT"}
    follows = {
        "EVENT_DEPRECATED": {"EVENT_TEXT"},
        "FIELD_SAME_UNIT": {"EVENT_TEXT", "FIELD_NO_NEW_REQUIRED"},
        "FIELD_SAME_TYPE": {"FIELD_TEXT"},
        "ID_NO_DELETE": {"FIELD_NO_DELETE", "EVENT_TEXT"},
        "STATE_NO_DELETE": {"TRANSITION_REMOVED"},
        "STEP_NO_DELETE": {"EVENT_SAME_ROLES"},
        "STEP_ADDED": {"EVENT_SAME_ROLES"},
        "REGISTRY_VERSION_NEXT": {"EVENT_TEXT", "EVENT_DEPRECATED", "EVENT_NO_DELETE"},
    }
    assert rest <= follows.get(case.split()[0], {"EVENT_TEXT"})


def test_every_rule_has_a_case() -> None:
    source = "".join(path.read_text("utf-8") for path in RULES.glob("diff*.py"))
    rules = set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+)"', source))
    assert len(rules) > 30
    assert rules == {case.split()[0] for case in CASES}


def test_the_same_registry_has_no_change(tmp_path: Path) -> None:
    assert changes(tmp_path, nothing, nothing) == []


@pytest.mark.parametrize(
    "case",
    [
        case
        for case, (_, _, kind, _) in CASES.items()
        if kind is BREAKING and not case.startswith("EVENT_VERSION")
    ],
)
def test_a_new_version_allows_what_can_be_versioned(tmp_path: Path, case: str) -> None:
    before, edit, _, _ = CASES[case]

    def with_version(draft: Draft) -> None:
        edit(draft)
        draft.head["registry_version"] = "2.0.0"
        for event in draft.events.values():
            event["version"] += 1

    rule = case.split()[0]
    kinds = {
        change.kind for change in changes(tmp_path, before, with_version) if change.rule == rule
    }
    # An event that is gone has no version to raise.
    assert kinds == ({BREAKING} if rule == "EVENT_NO_DELETE" else {VERSIONED})


def test_a_registry_version_that_is_raised_enough_is_fine(tmp_path: Path) -> None:
    for number, version in enumerate(("1.1.0", "1.2.0", "2.0.0")):

        def edit(draft: Draft, version: str = version) -> None:
            draft.deprecate(TODAY)
            draft.head["registry_version"] = version

        found = changes(tmp_path / str(number), nothing, edit)
        assert {change.rule for change in found} == {"EVENT_DEPRECATED", "EVENT_TEXT"}


# ---------------------------------------------------------------- the command


def run(project: Path, *words: str) -> tuple[int, str]:
    result = CliRunner(env={"FLEET_PROJECT_DIR": str(project)}).invoke(main, ["registry", *words])
    return result.exit_code, result.output


def test_the_command_fails_on_a_breaking_change_only(tmp_path: Path) -> None:
    base = Draft().save(tmp_path / "base")
    draft = Draft()
    drop_loaded_by(draft)
    code, output = run(draft.save(tmp_path / "broken"), "diff", str(base))
    assert code == 1
    assert output.splitlines() == [
        "Breaking (1):",
        f"  FIELD_NO_DELETE  {PICKUP}, field loaded_by: is gone; keep it as optional, or raise "
        "the event's version to 2.",
        "Warning (1):",
        "  REGISTRY_VERSION_NEXT  registry_version: is 1.0.0, but breaking changes ask for 2.0.0.",
        "Compatible (1):",
        f"  EVENT_TEXT  {PICKUP}: has another summary and example.",
        "Error: 1 breaking change needs another way or a new version, as said above.",
    ]

    draft.events[PICKUP]["version"] = 2
    code, output = run(draft.save(tmp_path / "versioned"), "diff", str(base / "registry"))
    assert code == 0
    assert "Breaking, with a new version (1):" in output
    assert "those that do not fit are quarantined" in output

    assert run(base, "diff", str(base)) == (0, f"The registry is the same as at {base}.\n")


def test_the_base_may_be_a_git_ref(tmp_path: Path) -> None:
    project = tmp_path / "repository/project"
    draft = Draft()
    draft.save(project)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "first"]):
        subprocess.run([*git, *words], cwd=tmp_path / "repository", check=True)
    shutil.rmtree(project / "registry")
    draft.events.pop(SHIFT)
    draft.save(project)

    code, output = run(project, "diff", "HEAD")
    assert code == 1
    assert "EVENT_NO_DELETE  pilot.shift_changed" in output
    for ref in ("no-such-branch", "--output=x", "HEAD:registry"):
        code, output = run(project, "diff", ref)
        assert code in (1, 2)
        assert "Traceback" not in output
    code, output = run(project, "diff", "no-such-branch")
    assert "neither a folder with registry/events.yml nor a git ref" in output


def test_a_base_from_before_a_file_of_the_registry_can_be_compared(tmp_path: Path) -> None:
    base, project = Draft().save(tmp_path / "base"), Draft().save(tmp_path / "now")
    (base / "registry/monitors.yml").unlink()
    (base / "registry/downtime_reasons.yml").unlink()
    code, output = run(project, "diff", str(base))
    assert (code, output) == (0, f"The registry is the same as at {base}.\n")


def test_a_base_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    base, project = Draft(), Draft().save(tmp_path / "now")
    base.events[PICKUP].pop("brief")
    code, output = run(project, "diff", str(base.save(tmp_path / "base")))
    assert code == 1
    assert f"event {PICKUP}: brief is missing." in output
    assert output.endswith("cannot be read.\n")

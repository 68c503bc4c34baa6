"""Each mistake in a mapping is reported in one sentence that says where it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet.errors import FleetError
from fleet.mapping.loader import MappingError, load_mapping
from fleet.registry import Registry

SOUND = """\
brief: Test.
line:
  occurred_at: {path: t, zone: Europe/Berlin}
ids:
  delivery_id: d
  order_id: o
  robot_id: r
  merchant_id: {path: m, strip: shop_}
rules:
  - name: pickup
    when: {msg: {matches: 'pickup (?P<by>\\w+)'}}
    event: delivery.pickup_completed
    fields:
      wait_s: {path: wait, times: 60}
      loaded_by: {group: by, words: {STAFF: merchant}}
  - name: chatter
    when: {level: debug}
examples:
  - line: '{"level": "debug"}'
    gives: []
"""
RULE = "rule pickup"
MISTAKES = {
    "unknown key": ("brief: Test.", "brief: Test.\nreules: []", "line 2, reules: unknown key"),
    "misspelt key": ("zone: Eur", "zoen: Eur", "line 3, line occurred_at zoen: unknown key (did"),
    "no time": (
        "  occurred_at: {path: t, zone: Europe/Berlin}",
        "  host: h",
        "line 2, line occurred_at: is missing.",
    ),
    "no zone": ("Europe/Berlin", "Europe/Berlim", "is no time zone (did you mean Europe/Berlin?)."),
    "a format": (
        "zone: Europe/Berlin",
        "format: epoch",
        "line 3, line occurred_at format: must be iso, unix_s",
    ),
    "two sources": (
        "{path: wait, times",
        "{path: wait, const: 1, times",
        f"line 14, {RULE}, field wait_s: needs one of path, group and const.",
    ),
    "no path": ("order_id: o", "order_id: a..b", "line 6, id order_id, path: 'a..b' is no path"),
    "no id": (
        "  order_id: o",
        "  oder_id: o",
        "line 6, id oder_id: is no id of the registry (did you mean order_id?).",
    ),
    "a missing id": (
        "  order_id: o\n",
        "",
        f"line 9, {RULE}, ids: delivery.pickup_completed requires order_id",
    ),
    "no event": (
        "delivery.pickup_completed",
        "delivery.pickup_complete",
        f"line 12, {RULE}, event: is no event of the registry (did you mean delivery.pi",
    ),
    "no field": (
        "loaded_by:",
        "loaded_bi:",
        f"line 15, {RULE}, field loaded_bi: is no field of delivery.pickup_completed (did",
    ),
    "a missing field": (
        "      wait_s: {path: wait, times: 60}\n",
        "",
        f"line 13, {RULE}, fields: delivery.pickup_completed requires wait_s",
    ),
    "no word": (
        "STAFF: merchant",
        "STAFF: merchants",
        f"line 15, {RULE}, field loaded_by, words STAFF: 'merchants' is no value",
    ),
    "no group": (
        "group: by",
        "group: who",
        f"line 15, {RULE}, field loaded_by, group: no matches of the rule has such a group",
    ),
    "no expression": (
        "pickup (?P<by>",
        "pickup ((?P<by>",
        f"line 11, {RULE}, when msg: matches is no regular expression",
    ),
    "a look-ahead": (
        "pickup (?P<by>",
        "(?=p)pickup (?P<by>",
        f"line 11, {RULE}, when msg: Vector's expressions neither look around",
    ),
    "a unit of a text": (
        "path: m, strip: shop_",
        "path: m, times: 2",
        "id merchant_id: times and plus are for numbers.",
    ),
    "twice": (
        "name: chatter",
        "name: pickup",
        "line 16, rule pickup, name: is the name of an earlier rule.",
    ),
    "ids of no event": (
        "    when: {level: debug}",
        "    when: {level: debug}\n    ids: {robot_id: r}",
        "line 18, rule chatter, ids: is for a rule that has an event.",
    ),
    "an example of no event": (
        "    gives: []",
        "    gives: [{event: robot.hearbeat}]",
        "needs an event of the registry (did you mean robot.heartbeat?).",
    ),
    "a key twice": (
        "  order_id: o",
        "  order_id: o\n  order_id: p",
        "line 7: key 'order_id' is given twice.",
    ),
}


def problems(path: Path, registry: Registry) -> list[str]:
    with pytest.raises(MappingError) as caught:
        load_mapping(path, registry, "mappings/test.yml")
    for problem in caught.value.problems:
        assert problem.startswith("mappings/test.yml, line ")
        assert problem.endswith(".")
        assert "\n" not in problem
    return caught.value.problems


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_said_with_its_place(mistake: str, registry: Registry, tmp_path: Path) -> None:
    old, new, said = MISTAKES[mistake]
    assert SOUND.count(old) >= 1
    path = tmp_path / "test.yml"
    path.write_text(SOUND.replace(old, new, 1), "utf-8")
    found = problems(path, registry)
    assert any(said in problem for problem in found), found


def test_all_mistakes_are_said_in_one_go(registry: Registry, tmp_path: Path) -> None:
    path = tmp_path / "test.yml"
    text = SOUND.replace("STAFF: merchant", "STAFF: no").replace("order_id: o", "order_id2: o")
    path.write_text(text, "utf-8")
    assert len(problems(path, registry)) == 3


def test_a_sound_mapping_has_none(registry: Registry, tmp_path: Path) -> None:
    path = tmp_path / "test.yml"
    path.write_text(SOUND, "utf-8")
    assert load_mapping(path, registry).name == "test"


def test_the_name_of_the_file_is_that_of_its_program(registry: Registry, tmp_path: Path) -> None:
    path = tmp_path / "My-logs.yml"
    path.write_text(SOUND, "utf-8")
    with pytest.raises(FleetError, match="lower_snake_case"):
        load_mapping(path, registry)

"""Lines that fit their event or nearly do, and what the JSON Schemas say of them.

The judgement is made with Python's json and jsonschema, from `schemas/`; none of it is made with
the macros whose verdicts it is compared with.
"""

from __future__ import annotations

import json
import math
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import md5
from pathlib import Path
from typing import Any

import jsonschema_rs

from fleet.registry import Event, Registry
from fleet.registry.schema import ID_LENGTH, LARGEST_INT, LIST_ITEMS, EnvelopeKey
from fleet.registry.targets.lines import example_line

Line = dict[str, Any]

SCHEMAS = Path(__file__).parents[3] / "schemas"

ENDLESS = "1" + "0" * 400
# 1e400 and the like are written by hand, because Python has no such number.
NUMBERS = (
    "1e308",
    "-1e308",
    "9223372036854775808",
    "1e-400",
    "1e-320",
    "-0",
    "1e400",
    "-1e400",
    ENDLESS,
    "0.5",
)
# Whole, a fraction, and the last numbers of which a double holds each.
INTEGERS = ("1.0", "20e-1", "25e-1", "9007199254740991", "9007199254740992", "9007199254740994")
TIMES = (
    "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z",
    "2026-11-02T20:00:00+14:00", "2026-11-02T20:00:00-14:00", "2026-11-02T20:00:00+14:01",
    "9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+05:00", "9998-12-31T23:59:59-14:00",
    "2026-11-02T20:00:00+24:00", "2026-11-02T20:00:00+99:99", "2026-11-02T20:00:60Z",
    "2026-02-30T20:00:00Z",
)  # fmt: skip
IDS = (
    "", " ", "D-26 ", " D-26", "D-", "R-", "R- ", "R-x", "D-x\ty", "D-\u00e9",
)  # fmt: skip
OTHERS: tuple[Any, ...] = (True, "false", "flying", [], ["a"], ["a"] * 21, ["b" * 257], [1], {}, 7)
LISTS: tuple[Any, ...] = (["a"] * 20, ["a", None])


def line_of(event: Event, registry: Registry, number: int) -> Line:
    """The example of an event as a line whose ids are those of the number alone."""
    return example_line(event, registry) | {
        # Far from each other: another digit never makes the id of another line.
        "event_id": f"01a207a2-32fb-7c3a-9d5b-{md5(str(number).encode()).hexdigest()[:12]}",
        "emitter_id": f"service-{number}/host/1",
        "service": f"service-{number}",
        "seq": number + 1,
    }


def of_width(width: int, prefix: str = "") -> list[str]:
    """Texts that just fit into a column and that just do not, of letters and with an escape."""
    room = width - len(prefix)
    return [
        prefix + text
        for text in ("7" * room, "7" * (room + 1), "7" * (room - 1) + '"', "7" * room + '"')
    ]


def lists_of_width(width: int, length: int) -> list[list[str]]:
    """Lists whose JSON just fits into their column and just does not, with much of it escaped."""
    found = []
    for size in (width, width + 1):
        left = size - len(dumped(items := ["x"] * LIST_ITEMS))
        for place in range(LIST_ITEMS):
            # A control character has six bytes in JSON.
            escaped = min(left // 6, length - 6)
            items[place] += "\x01" * escaped
            left -= 6 * escaped
        items[-1] += "x" * left
        assert len(dumped(items)) == size
        found.append(items)
    return found


def dumped(value: Any) -> bytes:
    """The shortest JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def extremes(registry: Registry, of_widths: bool = False) -> Iterator[str]:
    """Every field, id and key of every event with each odd value of its type in turn.

    The bounds of a number and both ends of a list of words are among them; `of_widths` adds values
    that are just as long as their column is wide, and one more.
    """
    number = 1_000_000  # far from those of the mutations, whose copies they would be
    for event in registry.events:
        for name, field in event.fields.items():
            values = [json.dumps(value) for value in (*OTHERS, *TIMES)]
            if field.type in ("int", "number"):
                low, high = field.bounds
                near = (low, high, low - 1, high + 1, low + 0.5)
                values = [*values, *NUMBERS, *(json.dumps(value) for value in near)]
                values += INTEGERS if of_widths and field.type == "int" else ()
            elif field.type == "enum":
                words = registry.values(field)
                near_words = [words[0] + " ", words[0].upper()]
                near_words += of_width(ID_LENGTH) if of_widths else []
                values += [json.dumps(word) for word in (*words, *near_words)]
            elif field.type == "id":
                values += map(json.dumps, (*IDS, *(of_width(ID_LENGTH) if of_widths else ())))
            elif field.type in ("string", "list[string]"):
                texts = [letter * field.length for letter in "x\u00e9\U0001f600"]
                texts.append("x" * (field.length + 1))
                assert field.width is not None
                if field.type == "string":
                    texts += of_width(field.width) if of_widths else []
                    values += map(json.dumps, texts)
                else:
                    values += (json.dumps([text]) for text in texts)
                    if of_widths:
                        lists = lists_of_width(field.width, field.length)
                        values += map(json.dumps, (*lists, *LISTS))
            for value in values:
                number += 1
                yield _with(line_of(event, registry, number), ("data", name), value)
    event = registry.by_name["robot.heartbeat"]
    ids = [(name, (name,)) for name in registry.ids]
    widths = dict.fromkeys(registry.ids, ID_LENGTH) | {
        key.name: key.width for key in registry.envelope if key.width
    }
    for name, path in [*ids, *((key.name, tuple(key.path)) for key in registry.envelope)]:
        if name == "received_at":
            odd = (*map(json.dumps, OTHERS), *map(json.dumps, TIMES), "[1]")
        else:
            prefix = registry.ids[name].prefix or "" if name in registry.ids else ""
            fitting = of_width(widths[name], prefix) if of_widths and name in widths else ()
            told = (*OTHERS, *TIMES, *IDS, *fitting, "x" * 5000)
            odd = (*NUMBERS, *(INTEGERS if of_widths else ()), *map(json.dumps, told))
        for value in odd:
            number += 1
            line = line_of(event, registry, number)
            if path[0] == "dd":
                line["dd"] = {"trace_id": "1", "span_id": "2"}
            yield _with(line, path, value)
    number += 1
    yield _with(line_of(event, registry, number), ("data", "error_code"), '"of another event"')
    for value in ("[1]", '"x"', "7", "true"):
        number += 1
        other = registry.by_name["telemetry.emitter_restarted"]
        yield _with(line_of(other, registry, number), ("data",), value)


def short_lines(registry: Registry) -> Iterator[bytes]:
    """Lines without an event_id and nearly all else that may be missing, each of another second."""
    second = datetime(2026, 11, 2, tzinfo=UTC)
    for event in registry.events:
        example = example_line(event, registry)
        required = [name for name, need in event.ids.items() if need == "required"]
        data = {name: example["data"][name] for name, f in event.fields.items() if f.required}
        for kept in (None, "service", "emitter_id", "seq", *(set(event.ids) & set(example))):
            second += timedelta(seconds=1)
            line = {key: example[key] for key in ("evt", *required, *([kept] if kept else ()))}
            line |= {"occurred_at": second.isoformat()} | ({"data": data} if data else {})
            yield json.dumps(line).encode()


def long_lines(registry: Registry) -> Iterator[tuple[str, bool]]:
    """Lines about as long as the longest text of Redshift, and which are too long.

    The long ones are made of many short texts, or of letters of several bytes: no text of theirs is
    too long for Redshift itself. One key is of no event, so that all of it counts as extra.
    """
    event = registry.by_name["robot.heartbeat"]
    for number, (size, letter) in enumerate(
        [(65_535, "x"), (65_536, "x"), (65_535, "\u00e9"), (65_537, "\u20ac"), (100_000, "x")]
    ):
        line = line_of(event, registry, 3_000_000 + number)
        line["data"]["notes"] = notes = []
        while (left := size - _size(line)) > 5000:
            notes.append(letter * (4000 // len(letter.encode())))
        # What stands around a text in a list has three bytes.
        notes.append("x" * (left - 3))
        assert _size(line) == size
        yield _compact(line), size > 65_535


def _compact(line: Line) -> str:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def _size(line: Line) -> int:
    return len(_compact(line).encode())


def _with(line: Line, path: tuple[str, ...], text: str) -> str:
    """The line with a value given as JSON text."""
    line = json.loads(json.dumps(line))
    holder = line
    for key in path[:-1]:
        holder = holder.setdefault(key, {})
    holder[path[-1]] = "@"
    return json.dumps(line).replace('"@"', text, 1)


def environment(line: Line) -> str:
    """What tells the line from those of other environments: prod where it names none.

    One that is no text, or too long for its column, is none; the line is in quarantine for it.
    """
    env = line.get("env")
    if not isinstance(env, str) or len(env.encode()) > 64:
        return "prod"
    return env.strip(" ").lower() or "prod"


def mutations(registry: Registry, count: int, seed: int) -> Iterator[bytes]:
    """Random mutations of valid lines, one of each kind in turn; no line feed is added."""
    chance = random.Random(seed)
    kinds = (_bytes, _cut, _dropped, _doubled, _renamed, _retyped, _padded, _junk)
    for number in range(count):
        event = registry.events[number % len(registry.events)]
        line = line_of(event, registry, number)
        mutated = kinds[number // len(registry.events) % len(kinds)](line, chance)
        raw = mutated if isinstance(mutated, bytes) else json.dumps(mutated).encode()
        yield raw.replace(b"\n", b" ")


def _places(line: Line) -> list[tuple[dict[str, Any], str]]:
    """Every key, as the object it is in and its name."""
    below = [value for value in line.values() if isinstance(value, dict)]
    return [(holder, key) for holder in (line, *below) for key in holder]


def _bytes(line: Line, chance: random.Random) -> bytes:
    raw = bytearray(json.dumps(line, ensure_ascii=chance.random() < 0.5).encode())
    for _ in range(chance.randint(1, 2)):
        place = chance.randrange(len(raw))
        match chance.randrange(3):
            case 0:
                raw[place] = chance.randrange(256)
            case 1:
                del raw[place]
            case _:
                raw.insert(place, chance.choice(b'0159.-eE"{}[],:\\ '))
    return bytes(raw)


def _cut(line: Line, chance: random.Random) -> bytes:
    raw = json.dumps(line).encode()
    place = chance.randrange(1, len(raw))
    return raw[:place] if chance.random() < 0.5 else raw[place:]


def _junk(line: Line, chance: random.Random) -> bytes:
    raw = json.dumps(line).encode()
    return chance.choice([b"\x00" * 7 + raw, b"boot " + raw, b"[" + raw + b"]", raw + b","])


def _dropped(line: Line, chance: random.Random) -> Line:
    holder, key = chance.choice(_places(line))
    del holder[key]
    return line


def _doubled(line: Line, chance: random.Random) -> bytes:
    holder, key = chance.choice(_places(line))
    value = holder.pop(key)
    holder["@"] = 0
    both = f"{json.dumps(key)}: {json.dumps(value)}, {json.dumps(key)}: {json.dumps(value)}"
    return json.dumps(line).replace('"@": 0', both, 1).encode()


def _renamed(line: Line, chance: random.Random) -> Line:
    holder, key = chance.choice(_places(line))
    holder[key + chance.choice("s_x ")] = holder.pop(key)
    return line


def _retyped(line: Line, chance: random.Random) -> Line:
    holder, key = chance.choice(_places(line))
    text = f"x{chance.randrange(10**9)}"
    holder[key] = chance.choice([None, True, 1, -1, 2**53, 1e300, 0.5, "", text, [], [1], {}])
    return line


def _padded(line: Line, chance: random.Random) -> Line:
    texts = [(holder, key) for holder, key in _places(line) if isinstance(holder[key], str)]
    holder, key = chance.choice(texts)
    holder[key] = chance.choice([f"{holder[key]} ", f" {holder[key]}", " ", holder[key] * 30])
    return line


# ---------------------------------------------------------------- what is right


class NotAnEventError(ValueError):
    """The line is rejected; the text is the reason."""


def said(raw: bytes) -> Line:
    """What a line says, without the two things that are read as absent: nulls and unknown fields.

    Raises:
        NotAnEventError: it is no JSON object, or has a key twice.
    """
    try:
        line = json.loads(raw.decode(), object_pairs_hook=_once, parse_constant=_refused)
    except ValueError:
        raise NotAnEventError("malformed") from None
    if not isinstance(line, dict):
        raise NotAnEventError("not_an_object")
    return _without_nulls(line)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is given twice")
    for name in found:
        name.encode()  # half a surrogate pair is no text
    for value in found.values():
        if isinstance(value, str):
            value.encode()
    return found


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _without_nulls(line: Line) -> Line:
    kept = {key: value for key, value in line.items() if value is not None}
    for key in ("evt", "dd", "data"):
        if isinstance(kept.get(key), dict):
            kept[key] = {name: value for name, value in kept[key].items() if value is not None}
    return kept


def fits(line: Line, registry: Registry) -> bool:
    """Whether a line is an event that the schemas accept, and no text is wider than its column.

    `line` as `said` returns it. JSON Schema counts characters, a column bytes.
    """
    evt = line.get("evt")
    name = evt.get("name") if isinstance(evt, dict) else None
    if not isinstance(name, str) or name not in registry.by_name:
        return False
    data = line.get("data")
    if isinstance(data, dict):
        known = registry.by_name[name].fields
        line = line | {"data": {key: value for key, value in data.items() if key in known}}
    return (
        _validator(name).is_valid(_finite(line))
        and all(
            len(value.encode()) <= key.width
            for key in registry.envelope_values
            if key.width and isinstance(value := value_at(line, key.path), str)
        )
        and all(
            len(dumped(line["data"][name])) <= field.width
            for name, field in registry.by_name[name].fields.items()
            if field.type == "list[string]" and field.width and name in line.get("data", {})
        )
    )


def held_of_key(value: Any, key: EnvelopeKey) -> Any:
    """What the column of a key of the envelope has of a value: all of it or nothing."""
    if key.path[0] == "evt":  # The schemas want these to be of the event, which a column does not.
        known = held(value, key.type, key.width)
        least, most = key.min or 0, key.max or LARGEST_INT
        return None if key.type == "int" and not least <= (known or 0) <= most else known
    return held(value, key.type, key.width, "robot.heartbeat", *key.path)


def held_of_id(value: Any, name: str, registry: Registry) -> Any:
    event = next(event for event in registry.events if name in registry.event_ids(event))
    return held(value, "id", ID_LENGTH, event.name, name)


def held(value: Any, kind: str, width: int | None, event: str = "", *path: str) -> Any:
    """The same of a value of a type, by the rules too that the schema of an event has at a path.

    Payloads are asked for times alone: a word that is on no list is in quarantine as it is.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match kind:
        case "int" | "number" if is_number:
            # What is too large for a double is infinite there; such a line is in quarantine.
            is_whole = abs(value) <= 2**53 and value == int(value)
            fits = kind == "number" or is_whole
            if abs(value) > sys.float_info.max:
                value = math.inf if value > 0 else -math.inf
        case "bool":
            fits = isinstance(value, bool)
        case "id" | "string" | "enum" if isinstance(value, str):
            fits = width is not None and len(value.encode()) <= width
        case "timestamp":
            fits = isinstance(value, str)
        case _:
            fits = False
    if fits and path and (path[0] != "data" or kind == "timestamp"):
        fits = _rule(event, path).is_valid(value)
    return value if fits else None


@cache
def _rule(event: str, path: tuple[str, ...]) -> jsonschema_rs.Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{event}.json").read_text("utf-8"))
    for key in path:
        schema = schema["properties"][key]
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


@cache
def _validator(name: str) -> jsonschema_rs.Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def _finite(value: Any) -> Any:
    """With the greatest double for what Python reads as infinite: outside all bounds too."""
    if isinstance(value, dict):
        return {key: _finite(inside) for key, inside in value.items()}
    if isinstance(value, list):
        return [_finite(inside) for inside in value]
    if isinstance(value, float) and math.isinf(value):
        return math.copysign(1.7e308, value)
    return value


def value_at(line: Line, path: list[str]) -> Any:
    """The value at a path, None where there is none."""
    holder: Any = line
    for key in path:
        holder = holder.get(key) if isinstance(holder, dict) else None
    return holder

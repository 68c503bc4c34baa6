"""The program of a mapping, in Vector Remap Language: the same for live lines and for history.

Vector runs it for a record, between the start and the end in pipeline/vector/programs; the importer
for many lines, which share the cost of a call, between those in here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence

from fleet_events.texts import number, second, yes_no

from fleet.mapping.loader import Mapping
from fleet.mapping.paths import Path, read_path
from fleet.mapping.schema import EPOCHS, Condition, Rule, Scalar, Value
from fleet.registry import Event, Registry
from fleet.registry.generate import MAPPED, MAPPED_MARK
from fleet.registry.summary_template import Part, read_summary

MALFORMED, NOT_AN_OBJECT, AN_EVENT = "malformed", "not_an_object", "event"
"""What the importer's program says in place of a rule's number."""

TIME = '"%Y-%m-%dT%H:%M:%S%.6fZ"'

# Whatever is read from a variable is copied whole, so what a line says is in Vector's metadata,
# from which a value alone is read: a third of the time.
_IMPORT = """\
file = string(.file) ?? ""
boot_of_file = string(.boot) ?? ""
. = {"out": map_values(split(string(.text) ?? "", "\\n")) -> |line| {
service = ""
host = file
boot = boot_of_file
out = ""
<unwrapped>
if <malformed> {
  out = "malformed"
} else if <a list> {
  out = "not_an_object"
} else if is_object(%log.evt) {
  out = "event\\n" + encode_json(<own>)
} else {
<program>
  out = to_string(rule) + events
}
out
}}
"""


def import_program(mapping: Mapping, registry: Registry) -> str:
    r"""The program for many lines at once.

    In: `.text`, lines with ``\\n`` between, and `.file` and `.boot`, which stand for host and boot
    where lines name none. Out: `.out`, for each line the number of its rule (0 where none fits,
    else MALFORMED, NOT_AN_OBJECT or AN_EVENT) and behind it its events, a line each.
    """
    is_datadog = mapping.content.format == "datadog"
    is_plain = "%log.message == line"  # of an object this is never so
    parts = {
        "<unwrapped>": (_DATADOG if is_datadog else _PLAIN).strip(),
        "<malformed>": f"{is_plain} && match(line, r'^\\s*[{{]')"
        if mapping.content.format == "json"
        else is_plain,
        # Of objects, that is: a number in brackets may be the text of a log.
        "<a list>": f"{is_plain} && match(line, r'^\\s*\\[\\s*[{{]') "
        "&& is_array(parse_json(line) ?? null)",
        "<own>": _OWN if is_datadog else "%log",
        "<program>": map_program(mapping, registry),
    }
    # In one go: a text of the mapping may look like a mark.
    return re.sub("|".join(parts), lambda mark: parts[mark[0]], _IMPORT)


# A line of text is what services have always written; its text is all that it says.
_PLAIN = """
%log = object(parse_json(line) ?? null) ?? {"message": line}
"""

# https://docs.datadoghq.com/logs/log_configuration/archives/: what the service wrote is in
# `attributes`, beside what Datadog knows. What the service says itself comes first, as live.
_DATADOG = """
parsed = object(parse_json(line) ?? null) ?? {"message": line}
own = object(parsed.attributes) ?? {}
tags = {}
for_each(array(parsed.tags) ?? []) -> |_index, tag| {
  pair = split(string(tag) ?? "", ":", limit: 2)
  if length(pair) == 2 { tags = set(tags, [pair[0]], pair[1]) ?? tags }
}
about = compact({
  "_id": parsed._id, "date": parsed.date, "host": parsed.host, "message": parsed.message,
  "service": parsed.service, "source": parsed.source, "status": parsed.status, "tags": tags,
})
%log = merge(about, own)
"""
_OWN = (
    'merge(compact({"message": %log.message, "service": %log.service, "status": %log.status}), own)'
)


def files(mappings: list[Mapping], registry: Registry) -> dict[str, str]:
    """The program of each mapping: path below the project to its text."""
    return {
        MAPPED.replace("*", mapping.name): f"# {MAPPED_MARK}\n" + map_program(mapping, registry)
        for mapping in mappings
    }


def map_program(mapping: Mapping, registry: Registry) -> str:
    """Which event a line is.

    In: `line`, its text; `%log`, what it says; `service`, `host` and `boot`, where it comes from.
    Out: `rule`, the number of the rule from 1 or 0, and `events`, each as JSON behind a line feed.
    """
    return "\n".join(_program(mapping, registry)) + "\n"


def _program(mapping: Mapping, registry: Registry) -> Iterator[str]:
    yield 'events = ""'
    yield "rule = 0"
    yield "is_done = false"
    for chain in _chains(mapping.content.rules):
        yield "event = {}"
        yield 'name = ""'
        for place, rule in chain:
            condition = " && ".join(_condition(path, wanted) for path, wanted in rule.when.items())
            # No `else`: the compiler's work grows with the square of how deep they lie.
            yield f"if !is_done && {condition} {{"
            # Of several rules the last that fits is the one that is counted.
            yield f"  rule = {place}"
            if not rule.go_on:
                yield "  is_done = true"
            if rule.event is not None:
                yield from _indented(_event(rule, registry.by_name[rule.event], mapping, registry))
            yield "}"
        yield 'if name != "" {'
        has_times = any(rule.occurred_at for _, rule in chain)
        yield from _indented(_envelope(mapping, registry, has_times=has_times))
        yield '  events = events + "\\n" + encode_json(event)'
        yield "}"


def _chains(rules: Sequence[Rule]) -> Iterator[list[tuple[int, Rule]]]:
    """Numbered rules of which one at most is taken: a rule that goes on ends a chain."""
    chain: list[tuple[int, Rule]] = []
    for place, rule in enumerate(rules, start=1):
        chain.append((place, rule))
        if rule.go_on:
            yield chain
            chain = []
    if chain:
        yield chain


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)


# ---------------------------------------------------------------- conditions and values


def _condition(path: str, wanted: Condition) -> str:
    value = _at(read_path(path))
    if wanted.exists is not None:
        return f"{value} {'!=' if wanted.exists else '=='} null"
    if wanted.matches is not None:
        return f"match({_text(value)}, {_regex(wanted.matches)})"
    assert wanted.equals is not None
    alternatives = [f"{value} == {_literal(one)}" for one in wanted.equals]
    return alternatives[0] if len(alternatives) == 1 else f"({' || '.join(alternatives)})"


def _at(path: Path) -> str:
    text = "%log"
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{_quoted(part, braces=False)}"
    return text


def _text(value: str) -> str:
    """A value of any kind as text: of a list its JSON."""
    return f"(to_string({value}) ?? encode_json({value}))"


def _regex(pattern: str) -> str:
    return f"r'{pattern}'"


def _quoted(text: str, *, braces: bool = True) -> str:
    """A text as VRL reads it; two braces would be filled in, but not in a path."""
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    text = text.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    return '"' + (text.replace("{{", "\\{{") if braces else text) + '"'


def _literal(value: Scalar) -> str:
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _source(value: Value) -> str:
    if value.const is not None:
        return _literal(value.const)
    if value.group is not None:
        return f"get(groups, [{_quoted(value.group)}]) ?? null"
    return _at(value.keys)


def _taken(
    target: str, value: Value, kind: str, prefix: str = "", said: str | None = None
) -> Iterator[str]:
    """Set `target` to a value, and `said` to its text; leave them as they are where it is absent.

    What cannot be made what the registry wants stays as it is, and is refused for it.
    """
    if value.const is not None:
        const = str(value.const) if kind in ("id", "text", "string") else value.const
        if kind == "id" and not str(const).startswith(prefix):
            const = f"{prefix}{const}"
        yield f"{target} = {_literal(const)}"
        if said is not None:
            yield f"{said} = {_quoted(_said(const, kind))}"
    elif kind == "id" or value.words:
        yield f't = to_string({_source(value)}) ?? ""'
        if kind == "id" and value.path is not None and not value.words:
            # The engine has read a whole number as one that lost its last digits.
            yield f'if {_is_inexact(_source(value))} {{ {target} = {_source(value)}; t = "" }}'
        yield 'if t != "" {'
        if value.words:
            yield f"  {target} = {_chosen(value)}"
            if said is not None:
                words = {word: _said(ours, kind) for word, ours in value.words.items()}
                otherwise = None if value.otherwise is None else _said(value.otherwise, kind)
                texts = value.model_copy(update={"words": words, "otherwise": otherwise})
                yield f"  {said} = {_chosen(texts)}"
        else:
            if value.strip:
                yield f"  t = replace(t, r'^{_escaped(value.strip)}', \"\")"
            yield f"  t = {_prefixed(prefix)}"
            yield f"  {target} = t"
            if said is not None:
                yield f"  {said} = t"
        yield "}"
    else:
        yield f"v = {_source(value)}"
        yield 'if v != null && v != "" {'
        yield from _indented(_converted(value, kind))
        yield f"  {target} = v"
        if said is not None:
            yield f"  {said} = {_SAID.get(kind, _SAID['string'])}"
        yield "}"


# The text of `v` in a summary, as the loggers write it.
_SAID = {
    "int": (
        "if is_integer(v) || is_float(v) "
        '{ to_string(floor((to_float(v) ?? 0.0) + 0.5)) } else { "" }'
    ),
    "bool": 'if v == true { "yes" } else { "no" }',
    "timestamp": 'replace(truncate(to_string(v) ?? "", 19), "T", " ")',
    "string": 'to_string(v) ?? ""',
}
_SAID["number"] = _SAID["int"]


def _said(value: Scalar, kind: str) -> str:
    """The text of a value in a summary."""
    if isinstance(value, bool):
        return yes_no(value)
    if kind in ("int", "number") and isinstance(value, int | float):
        return number(value)
    return second(str(value)) if kind == "timestamp" else str(value)


def _is_inexact(source: str) -> str:
    """Whether `t` is the text of a number that has more digits than the engine tells apart."""
    return f"is_float({source}) && length(t) > 16"


def _as_texts(value: Value) -> Value:
    """The value with its words as texts, whatever they are."""
    words = {word: str(ours) for word, ours in value.words.items()}
    otherwise = None if value.otherwise is None else str(value.otherwise)
    return value.model_copy(update={"words": words, "otherwise": otherwise})


def _prefixed(prefix: str) -> str:
    text = _quoted(prefix)
    return f"if starts_with(t, {text}) {{ t }} else {{ {text} + t }}" if prefix else "t"


def _chosen(value: Value) -> str:
    """The word for `t`."""
    branches = [
        f"if t == {_quoted(word)} {{ {_literal(ours)} }}" for word, ours in value.words.items()
    ]
    otherwise = "t" if value.otherwise is None else _literal(value.otherwise)
    return " else ".join([*branches, f"{{ {otherwise} }}"])


def _converted(value: Value, kind: str) -> Iterator[str]:
    """Make of `v`, which is there, what the registry wants."""
    match kind:
        case "text" | "string" | "enum":
            yield "v = to_string(v) ?? v"
        case "bool":
            yield "if is_string(v) { v = to_bool(v) ?? v }"
        case "int" | "number":
            yield from _number(value, kind)
        case "time" | "timestamp":
            yield from _time(value)
            yield f"if time != null {{ v = format_timestamp(time, {TIME}) ?? v }}"
        case "list[string]":
            yield "if !is_array(v) { v = [v] }"
        case _:
            raise AssertionError(kind)


def _escaped(text: str) -> str:
    return re.sub(r"([\\.+*?()|\[\]{}^$#&~-])", r"\\\1", text).replace("'", r"\x27")


def _number(value: Value, kind: str) -> Iterator[str]:
    as_number = "to_int(v) ?? to_float(v) ?? v" if kind == "int" else "to_float(v) ?? v"
    yield f"if is_string(v) {{ v = {as_number} }}"
    if (value.times, value.plus) == (None, None):
        return
    # Without the noise of floating point: 84.20000000000001 was 84.2.
    factor, offset = float(value.times or 1), float(value.plus or 0)
    scaled = f"(to_float(v) ?? 0.0) * {_float(factor)} + {_float(offset)}"
    rounded = f"to_int(round({scaled}))" if kind == "int" else f"round({scaled}, precision: 6)"
    yield f"if is_integer(v) || is_float(v) {{ v = {rounded} }}"


def _float(number: float) -> str:
    text = format(number, ".17f").rstrip("0")
    short = repr(number)
    text = text if "e" in short else short
    text = text + "0" if text.endswith(".") else text
    return f"({text})" if text.startswith("-") else text


def _time(value: Value) -> Iterator[str]:
    written = value.format or "iso"
    if written in EPOCHS:
        unit = EPOCHS[written]
        if written in ("unix_s", "unix_ms"):
            factor = 1_000_000.0 if written == "unix_s" else 1_000.0
            count, unit = f"to_int(round((to_float(v) ?? 0.0) * {factor}))", "microseconds"
        else:
            count = "(to_int(v) ?? 0)"
        yield "time = null"
        yield (
            "if (to_float(v) ?? null) != null "
            f'{{ time = from_unix_timestamp({count}, unit: "{unit}") ?? null }}'
        )
    else:
        yield 't = to_string(v) ?? ""'
        zone = f', timezone: "{value.zone or "UTC"}"'
        if written == "iso":
            # ISO 8601 has either before the parts of a second.
            yield 'if contains(t, ",") { t = replace(t, ",", ".") }'
            readings = ['parse_timestamp(t, "%+")']
            if value.zone:
                readings += [
                    f'parse_timestamp(t, "%Y-%m-%d{letter}%H:%M:%S%.f"{zone})' for letter in "T "
                ]
        else:
            has_offset = re.search(r"%:?[z+]|%#z", written)
            readings = [f"parse_timestamp(t, {_quoted(written)}{'' if has_offset else zone})"]
        yield f"time = {' ?? '.join(readings)} ?? null"


# ---------------------------------------------------------------- an event and its envelope


def _event(rule: Rule, event: Event, mapping: Mapping, registry: Registry) -> Iterator[str]:
    for path, wanted in rule.when.items():
        if wanted.matches and re.compile(wanted.matches).groupindex:
            found = f"parse_regex({_text(_at(read_path(path)))}, {_regex(wanted.matches)}) ?? {{}}"
            yield f"found = {found}"
            yield (
                "groups = merge(object(groups) ?? {}, found)"
                if _has_earlier(rule, path)
                else "groups = found"
            )
    yield f'name = "{event.name}"'
    yield f'event.evt = {{"name": name, "version": {event.version}, "valid": true}}'
    yield f'event.status = "{event.severity}"'
    parts = read_summary(event.summary)
    ids = {name: one for name, one in mapping.content.ids.items() if name in event.ids} | rule.ids
    given = ids.keys() | rule.fields.keys()
    texts = {name: f"said_{name}" for part in parts for name in part.names if name in given}
    for text in texts.values():
        yield f'{text} = ""'
    if rule.occurred_at:
        yield from _taken("event.occurred_at", rule.occurred_at, "time")
    for name in registry.event_ids(event):
        value = rule.ids.get(name) or mapping.content.ids.get(name)
        if value is not None:
            prefix = registry.ids[name].prefix or ""
            yield from _taken(f"event.{name}", value, "id", prefix, texts.get(name))
    if rule.fields:
        yield "event.data = {}"
    for name, value in rule.fields.items():
        yield from _taken(
            f"event.data.{name}", value, event.fields[name].type, said=texts.get(name)
        )
    yield from _summary(parts, texts)


def _summary(parts: Sequence[Part], texts: dict[str, str]) -> Iterator[str]:
    """Set `event.message` to the registry's summary, filled in with the texts of what it names."""
    yield 'message = ""'
    for part in parts:
        if not texts.keys() >= set(part.names):
            continue
        pieces = ["message"]
        for literal, name in part.pieces:
            pieces += [_quoted(literal)] if literal else []
            pieces += [texts[name]] if name is not None else []
        text = f"message = {' + '.join(pieces)}"
        there = " && ".join(f'{texts[name]} != ""' for name in part.names)
        yield f"if {there} {{ {text} }}" if part.optional else text
    yield "event.message = message"


def _has_earlier(rule: Rule, path: str) -> bool:
    for earlier, wanted in rule.when.items():
        if earlier == path:
            return False
        if wanted.matches and re.compile(wanted.matches).groupindex:
            return True
    return False


def _envelope(mapping: Mapping, registry: Registry, *, has_times: bool) -> Iterator[str]:
    """What `event` says besides its ids and fields."""
    line = mapping.content.line
    yield f'if service == "" {{ service = {_quoted(mapping.name)} }}'
    for name, value in (("service", line.service), ("host", line.host), ("boot", line.boot)):
        if value is not None and value.const is not None:
            yield f"{name} = {_quoted(str(value.const))}"
        elif value is not None:
            yield f't = to_string({_source(value)}) ?? ""'
            yield f'if t != "" {{ {name} = {_chosen(_as_texts(value)) if value.words else "t"} }}'
    yield f'event.registry_version = "{registry.version}"'
    yield "event.service = service"
    yield 'event.emitter_id = service + "/" + host + "/" + boot'
    occurred_at = _taken("event.occurred_at", line.occurred_at, "time")
    if has_times:  # that of the rule comes first
        yield "if !exists(event.occurred_at) {"
        yield from _indented(occurred_at)
        yield "}"
    else:
        yield from occurred_at
    if line.trace_id or line.span_id:
        yield "event.dd = {}"
    for key, value, kind in (
        ("received_at", line.received_at, "time"),
        ("sent_at", line.sent_at, "time"),
        ("env", line.env, "text"),
        ("version", line.version, "text"),
        ("seq", line.seq, "int"),
        ("mono_ms", line.mono_ms, "int"),
        ("dd.trace_id", line.trace_id, "text"),
        ("dd.span_id", line.span_id, "text"),
    ):
        if value is not None:
            yield from _taken(f"event.{key}", value, kind)
    if line.event_id is not None:
        behind = ' + "/" + name' if any(rule.go_on for rule in mapping.content.rules) else ""
        source = _source(line.event_id)
        yield f't = to_string({source}) ?? ""'
        yield f'if t != "" && !({_is_inexact(source)}) {{ event.event_id = t{behind} }}'
        return
    told = "line"
    if line.identity:
        told = f"encode_json([{', '.join(_at(read_path(path)) for path in line.identity)}])"
    yield f'event.event_id = sha1(service + "\\n" + host + "\\n" + {told} + "\\n" + name)'

"""Drafts a mapping from what logs hold. All of it is a guess, and says so."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable

from fleet.mapping.paths import Path, write_path
from fleet.mapping.shapes import Field, Shape, Shapes
from fleet.registry import Event, Registry

MOST_LINES = 200_000
RULES = 40
ENUM = 12
"""Most different values of a field that looks like an enum."""
TIME_WORDS = ("occurred_at", "timestamp", "@timestamp", "time", "ts", "date", "datetime", "at")


def draft(lines: Iterable[str], kind: str, registry: Registry, name: str) -> str:
    """A mapping file with a rule for each kind of line, the most frequent first, as YAML.

    Which event a kind of line is, is guessed from the words in it, and left open where no event
    is near. Rows for the registry stand as comments behind the rules.
    """
    shapes = Shapes(with_fields=True)
    read = 0
    is_datadog = False
    for line in lines:
        shape = shapes.add(line)
        read += 1
        if read == 1 and shape is not None:
            is_datadog = ("attributes",) in {path[:1] for path in shape.fields}
        if read == MOST_LINES:
            break
    common = shapes.most_common(RULES)
    fields: dict[Path, Field] = {}
    for shape in common:
        for path, field in shape.fields.items():
            known = fields.setdefault(path, Field())
            known.kinds += field.kinds
            known.values += field.values
    text = [
        f"# Drafted by `fleet mapping infer` from {read:,} lines; all is a guess. Say of each",
        "# rule which event it is, or leave `event` out, then: fleet mapping check.",
        f"brief: {name}.",
        *([f"format: {'datadog' if is_datadog else kind}"] if is_datadog or kind != "json" else []),
        "line:",
        *_line(fields, is_datadog),
    ]
    ids = _ids(fields, registry, is_datadog)
    if ids:
        text += ["ids:", *(f"  {key}: {_path(path, is_datadog)}" for key, path in ids.items())]
    text.append("rules:")
    rows: list[str] = []
    for shape in common:
        text += _rule(shape, read, registry, set(ids), is_datadog)
        rows += _row(shape, read, {*ids.values(), *_of_the_line(fields)})
    text += ["", "# Rows for registry/events.yml, where no registered event says it:", *rows]
    return "\n".join(text) + "\n"


def _path(path: Path, is_datadog: bool) -> str:
    """The path as the program sees the line: what is in a Datadog log's attributes is on top."""
    if is_datadog and path[0] == "attributes" and len(path) > 1:
        path = path[1:]
    return json.dumps(write_path(path), ensure_ascii=False)


def _line(fields: dict[Path, Field], is_datadog: bool) -> list[str]:
    times = [path for path, field in fields.items() if field.kind.startswith("time")]
    numbers = [path for path, field in fields.items() if field.kind in ("int", "number")]

    def rank(path: Path) -> int:
        last = str(path[-1]).lower()
        return TIME_WORDS.index(last) if last in TIME_WORDS else len(TIME_WORDS)

    best = min([*times, *(p for p in numbers if rank(p) < len(TIME_WORDS))], key=rank, default=None)
    if best is None:
        lines = ["  occurred_at: timestamp  # no value looks like a time"]
    elif fields[best].kind in ("int", "number"):
        digits = len(max(fields[best].values, default="").split(".")[0])
        unit = "unix_ms" if digits > 11 else "unix_s"
        lines = [f"  occurred_at: {{path: {_path(best, is_datadog)}, format: {unit}}}"]
    elif "without" in fields[best].kind:
        lines = [f"  occurred_at: {{path: {_path(best, is_datadog)}, zone: UTC}}  # whose zone?"]
    else:
        lines = [f"  occurred_at: {_path(best, is_datadog)}"]
    if is_datadog:
        lines.append("  received_at: date")
    for key in ("service", "host", "version", "env"):
        if (key,) in fields or ("attributes", key) in fields:
            lines.append(f"  {key}: {key}")
    return lines


def _words(text: str) -> set[str]:
    """The words of a name, without their endings: robotId and robot_id have the same."""
    split = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", text).lower()
    return {re.sub(r"(ed|ing|s)$", "", word) for word in re.findall(r"[a-z]+", split)}


def _ids(fields: dict[Path, Field], registry: Registry, is_datadog: bool) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path, field in fields.items():
        last = str(path[-1])
        for key in registry.ids:
            same = last.lower().replace("_", "") in (key.replace("_", ""), key.removesuffix("_id"))
            if same and field.kind in ("text", "int") and key not in found:
                found[key] = path
    return found


def _rule(
    shape: Shape, read: int, registry: Registry, ids: set[str], is_datadog: bool
) -> list[str]:
    event = _nearest(shape, registry)
    lines = [
        f"  # {shape.count / read:.1%} of the lines, such as",
        f"  #   {shape.example[:300]}",
        f"  - name: {json.dumps(str(shape)[:80], ensure_ascii=False)}",
        f"    when: {_when(shape, is_datadog)}",
    ]
    if event is None:
        return lines
    lines.append(f"    event: {event.name}  # guessed")
    missing = [
        key
        for key, need in registry.event_ids(event).items()
        if need == "required" and key not in ids
    ]
    if missing:
        lines.append(f"    # requires {', '.join(missing)}: say where from, under ids")
    given = []
    open_fields = []
    for name, field in event.fields.items():
        path = _alike(name, shape)
        if path is not None:
            value = _path(path, is_datadog)
            if field.type == "enum":
                seen = list(shape.fields[path].values)
                known = registry.values(field)
                words = {w: _word(w, known) for w in seen if w not in known}
                if words:
                    table = ", ".join(f"{json.dumps(w)}: {ours}" for w, ours in words.items())
                    value = f"{{path: {value}, words: {{{table}}}}}"
            given.append(f"      {name}: {value}  # guessed")
        elif field.required:
            open_fields.append(name)
    if given:
        lines += ["    fields:", *given]
    if open_fields:
        lines.append(f"    # requires {', '.join(open_fields)}: say where from, under fields")
    return lines


def _word(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.4)
    return close[0] if close else known[-1]


def _when(shape: Shape, is_datadog: bool) -> str:
    if shape.path is None and not shape.keys:
        return f"{{message: {{matches: {_pattern(shape.template)}}}}}"
    if shape.path is None:
        parts = [f"{json.dumps(write_path((key,)))}: {{exists: true}}" for key in shape.keys]
        return "{" + ", ".join(parts) + "}"
    wanted = shape.template if "*" not in shape.template else None
    said = (
        json.dumps(wanted, ensure_ascii=False)
        if wanted is not None
        else f"{{matches: {_pattern(shape.template)}}}"
    )
    return f"{{{_path(shape.path, is_datadog)}: {said}}}"


def _pattern(template: str) -> str:
    """A regular expression that fits a message whatever its numbers are."""
    pieces = [re.escape(piece).replace(r"\ ", " ") for piece in template.split("*")]
    pattern = "".join(
        piece if number == 0 else f"(?P<v{number}>\\S+?){piece}"
        for number, piece in enumerate(pieces)
    )
    return json.dumps(f"^{pattern}$".replace("'", r"\x27"), ensure_ascii=False)


def _nearest(shape: Shape, registry: Registry) -> Event | None:
    words = _words(shape.template if shape.path is not None else " ".join(shape.keys))
    best, most = None, 0.34
    for event in registry.events:
        mine = _words(event.name)
        score = len(words & mine) / len(mine | words) if words else 0.0
        if score > most:
            best, most = event, score
    return best


def _alike(name: str, shape: Shape) -> Path | None:
    wanted = _words(name.rsplit("_", 1)[0] if name.endswith(("_s", "_m", "_ms")) else name)
    for path in shape.fields:
        if _words(str(path[-1])) == wanted:
            return path
    return None


def _of_the_line(fields: dict[Path, Field]) -> set[Path]:
    """Where the envelope and the severity usually stand, which are no fields of an event."""
    names = (*TIME_WORDS, "service", "host", "version", "env", "level", "status", "severity")
    return {path for path in fields if len(path) == 1 and str(path[0]) in names}


def _row(shape: Shape, read: int, apart: set[Path]) -> list[str]:
    """A row of the registry for lines of one shape; none where they say nothing of their own."""
    own = {path: of for path, of in shape.fields.items() if path not in {*apart, shape.path}}
    if not own:
        return []
    lines = [
        f"#  - name: stream.object_verb_past  # {shape}, {shape.count / read:.1%} of the lines",
        "#    version: 1",
        "#    fields:",
    ]
    for path, field in own.items():
        name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", str(path[-1])).lower()
        name = re.sub(r"[^a-z0-9]+", "_", name).strip("_")
        rate = sum(field.kinds.values()) / shape.count
        need = "required" if rate == 1 else "optional"
        match field.kind:
            case "int" | "number" if field.low is not None:
                what = f"type: {field.kind}, min: {field.low:g}, max: {field.high:g}"
            case "text" if len(field.values) <= ENUM and shape.count >= 5 * len(field.values):
                what = f"type: enum, of: [{', '.join(sorted(field.values))}]"
            case "time" | "time without zone":
                what = "type: timestamp"
            case "bool" | "int" | "number":
                what = f"type: {field.kind}"
            case "list":
                what = 'type: "list[string]"'
            case _:
                what = "type: string"
        rest = f"brief: ..., requirement: {need}}}  # in {rate:.0%} of them"
        lines.append(f"#      {name}: {{{what}, {rest}")
    return lines

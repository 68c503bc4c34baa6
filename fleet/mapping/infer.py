"""Drafts a mapping from what logs hold. All of it is a guess, and says so."""

from __future__ import annotations

import difflib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import yaml

from fleet.mapping.paths import Path, write_path
from fleet.mapping.shapes import LONGEST_EXAMPLE, Field, Shape, Shapes
from fleet.registry import Event, EventField, Registry
from fleet.registry.schema import unit
from fleet.warehouse.storage import printable

MOST_LINES = 200_000
LEAST_LINES = 5_000
"""Most lines that are read of all logs together, and of each where they are many."""
RULES = 40
ENUM = 12
"""Most different values of a field that looks like an enum."""
SHOWN = 12
"""Most values of a line that are listed below its rule."""
TIMES = ("occurred", "timestamp", "time", "ts", "date", "datetime", "at", "t", "epoch", "clock")
LEVELS = ("level", "lvl", "loglevel", "severity", "status")
NOISE = {"debug", "trace", "verbose"}
LEVEL_WORDS = {
    *NOISE,
    "info",
    "notice",
    "warn",
    "warning",
    "error",
    "err",
    "critical",
    "fatal",
    "ok",
}
# Keys of the envelope to the names that others have for them, the most telling first.
ENVELOPE = {
    "service": ("service", "svc", "app", "application"),
    "host": ("host", "hostname", "pod", "instance", "inst", "node"),
    "version": ("version", "build", "release"),
    "env": ("env", "environment", "stage"),
}
# Words of others to ours: what robots, jobs and shops are called, and what happens to them.
THESAURUS = {
    "robot": "bot vehicle rover device dev",
    "delivery": "job task trip mission",
    "merchant pickup": "shop store restaurant vendor",
    "customer dropoff": "door recipient",
    "dropoff customer": "customer",
    "pilot": "operator teleop teleoperator",
    "market": "city area",
    "heartbeat": "alive ping keepalive",
    "state": "status mode",
    "error": "fault exception failure",
    "from": "old previous before",
    "to": "new next after",
    "assigned": "took dispatched allocated",
    "created": "placed",
    "confirmed": "accepted",
    "arrived": "reached",
    "started": "opened begun connected",
    "completed": "done finished",
    "failed": "failure unsuccessful",
    "cancelled": "aborted canceled",
    "pickup completed": "loaded collected",
    "dropoff completed": "delivered handed",
    "available": "idle free",
    "fault": "broken",
}
OURS = {word: ours for ours, words in THESAURUS.items() for word in words.split()}
# What says only that a key holds an id, of what stands before it.
OF_AN_ID = {"id", "no", "nr", "num", "number", "code", "key", "uuid", "ref"}
# Units at the end of others' names, in seconds, metres or percent.
UNITS = {
    **dict.fromkeys(("ms", "millis", "milliseconds"), 0.001),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "m", "meter", "meters", "metres"), 1),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hour", "hours"), 3600),
    **dict.fromkeys(("km", "kilometers"), 1000),
    **dict.fromkeys(("pct", "percent", "percentage"), 1),
}
PREPOSITIONS = {"a", "after", "at", "by", "for", "in", "is", "of", "on", "the", "to", "with"}
UNKNOWN = "?"
"""Stands where only a person knows the word; no registry has it, so a check names the place."""


def draft(lines: Iterable[str], kind: str, registry: Registry, name: str) -> str:
    """A mapping file with a rule for each kind of line, the most frequent first, as YAML.

    Which event a kind of line is, is guessed from the words in it, and left open where no event
    is near. Below each rule stands what else its lines hold; rows for the registry stand as
    comments at the end.
    """
    shapes = Shapes(with_fields=True)
    read = 0
    is_datadog = False
    for line in lines:
        shape = shapes.add(line)
        read += 1
        if read == 1 and shape is not None:
            is_datadog = ("attributes",) in {path[:1] for path in shape.fields}
    kind = "datadog" if is_datadog else kind
    return "\n".join(_Draft(shapes, read, kind, registry).text(name)) + "\n"


class _Source(NamedTuple):
    """Where a value of a shape's lines stands.

    Attributes:
        of: a path, or the number of a part of the message that differs.
        field: the values there.
    """

    of: Path | int
    field: Field


class _Draft:
    """A draft of the lines of some shapes."""

    def __init__(self, shapes: Shapes, read: int, kind: str, registry: Registry) -> None:
        self.read, self.kind, self.registry = read, kind, registry
        everything = shapes.most_common(len(shapes))
        self.fields = _merged(everything)
        level = _named(self.fields, LEVELS)
        is_level = level and {value.lower() for value in self.fields[level].values} <= LEVEL_WORDS
        self.level = level if is_level else None
        is_noise = [self._is_noise(shape) for shape in everything]
        self.noise = [shape for shape, is_it in zip(everything, is_noise, strict=True) if is_it]
        told = [shape for shape, is_it in zip(everything, is_noise, strict=True) if not is_it]
        self.shapes, self.rest = told[:RULES], told[RULES:]
        self.time = self._time()
        self.line = {key: _named(self.fields, names) for key, names in ENVELOPE.items()}
        self.apart = {self.level, self.time, *self.line.values()}
        if kind == "datadog":
            self.apart |= {(key,) for key in ("_id", "date", "source", "status", "tags")}
        self.ids = self._ids()

    # ---------------------------------------------------------------- what is seen

    def _is_noise(self, shape: Shape) -> bool:
        field = shape.fields.get(self.level) if self.level else None
        return field is not None and {value.lower() for value in field.values} <= NOISE

    def _time(self) -> Path | None:
        """Where the time stands: in most lines, then by its name, then on top."""

        def rank(path: Path) -> tuple[float, int, int]:
            words = _split(str(path[-1]))
            place = next((n for n, word in enumerate(TIMES) if word in words), len(TIMES))
            return -round(self.fields[path].count / most, 1), place, len(path)

        times = [path for path, field in self.fields.items() if _time_format(field)]
        if self.kind == "datadog" and len(times) > 1:
            times.remove(("date",))  # when Datadog got the line
        most = max((self.fields[path].count for path in times), default=1)
        return min(times, key=rank, default=None)

    def _ids(self) -> dict[Path, str]:
        """Paths to the id that stands there: by its name, else because it has the same values."""
        found: dict[Path, str] = {}
        open_paths: list[Path] = []
        for path, field in self.fields.items():
            if path in self.apart or field.kind not in ("text", "int"):
                continue
            if name := self._id_of(_words_of_an_id(path)):
                found[path] = name
            else:
                open_paths.append(path)
        self.values: dict[str, set[str]] = {}
        for path, name in found.items():
            self.values.setdefault(name, set()).update(self.fields[path].values)
        for path in open_paths:
            if name := self._id_with(self.fields[path]):
                found[path] = name
        return found

    def _id_of(self, words: set[str]) -> str | None:
        """The id that words name, as they are or in our words."""
        if len(words) == 1:
            (word,) = words
            words = {OURS.get(word, word).split()[0]}
        return next((n for n in self.registry.ids if _split(n) - OF_AN_ID == words), None)

    def _id_with(self, field: Field) -> str | None:
        """The id that has the same values, which tell it: letters and a number, or a long one.

        Of many values only some are known, so those count as the same that begin with the same
        word, as `bot-` of `bot-7`, if no other id begins with it.
        """
        mine = {value for value in field.values if re.search(r"\d{4}|[A-Za-z].*\d", value)}
        if not mine:
            return None
        for name, values in self.values.items():
            if len(mine & values) >= 0.8 * len(mine):
                return name
        starts = _starts(mine)
        alike = [name for name, values in self.values.items() if _starts(values) & starts]
        is_word = all(re.fullmatch(r"[A-Za-z]{2,}[-_:/#]", start) for start in starts)
        return alike[0] if len(starts) == len(alike) == 1 and is_word else None

    # ---------------------------------------------------------------- what is written

    def text(self, name: str) -> Iterator[str]:
        """The lines of the file."""
        yield f"# Drafted by `fleet mapping infer` from {self.read:,} lines; all is a guess. Say of"
        yield "# each rule which event it is, or take `event`, ids and fields out; say what each"
        yield f"# {UNKNOWN} is; then: fleet mapping check. Lines of your logs stand in here: see"
        yield "# that nothing in them is secret."
        yield f"brief: {name}."
        if self.kind != "json":
            yield f"format: {self.kind}"
        yield "line:"
        yield from self._line()
        common: dict[str, Path] = {}
        for path, found in sorted(self.ids.items(), key=lambda one: -self.fields[one[0]].count):
            common.setdefault(found, path)
        if common:
            yield "ids:"
        for found in filter(common.get, self.registry.ids):
            path = common[found]
            source = _Source(path, self.fields[path])
            yield f"  {found}: {self._id_value(found, source, {})}  # {_values(source.field)}"
        yield "rules:"
        names: Counter[str] = Counter()
        rows: list[str] = []
        for shape in self.shapes:
            title = printable(str(shape))[:70]
            names[title] += 1
            again = f" ({names[title]})" if names[title] > 1 else ""
            event = self._nearest(shape)
            yield from self._rule(shape, title + again, event, common)
            if event is None:
                rows += self._row(shape)
        if self.noise and self.level:
            count = sum(shape.count for shape in self.noise)
            words = {w for shape in self.noise for w in shape.fields[self.level].values}
            yield f"  # {count / self.read:.1%} of the lines; kinds: {len(self.noise)}"
            yield "  - name: housekeeping"
            listed = ", ".join(map(_plain, sorted(words)))
            yield f"    when: {{{self._path(self.level)}: [{listed}]}}"
        if self.rest:
            count = sum(shape.count for shape in self.rest)
            yield f"# {len(self.rest)} more kinds of line, {count / self.read:.1%} of all, have no"
            yield "# rule: fleet mapping coverage shows those that no rule fits."
        yield "# Tests of the rules: once a rule has its event, the check says what it gives."
        yield "examples:"
        for shape in [*self.shapes, *self.noise[:1]]:
            if len(shape.example) > LONGEST_EXAMPLE:
                yield f"  # Too long to stand here, so shorten one: {printable(str(shape))[:70]}"
                continue
            line = json.loads(shape.example) if self.kind == "csv" else shape.example
            yield f"  - line: {_in_one_line(line)}"
            yield "    gives: []"
        if rows:
            yield ""
            yield "# Rows for registry/events.yml, where no registered event says it:"
            yield from rows

    def _path(self, path: Path) -> str:
        """The path as the program sees the line: what a Datadog log's attributes hold is on top."""
        if self.kind == "datadog" and path[0] == "attributes" and len(path) > 1:
            path = path[1:]
        return _plain(write_path(path))

    def _line(self) -> Iterator[str]:
        if self.time is None:
            found = any(map(self._time_in, self.shapes))
            where = "each rule has its own" if found else "no value looks like a time"
            yield f"  occurred_at: timestamp  # {where}"
        else:
            yield f"  {self._occurred_at(_Source(self.time, self.fields[self.time]), {})}"
        if self.kind == "datadog":
            yield "  received_at: date"
        for key, path_of_key in self.line.items():
            if path_of_key is not None:
                yield f"  {key}: {self._path(path_of_key)}"

    def _occurred_at(self, source: _Source, groups: Mapping[int, str]) -> str:
        match _time_format(source.field):
            case "no zone":
                return f"occurred_at: {self._value(source, groups, zone='UTC')}  # whose zone?"
            case "iso":
                return f"occurred_at: {self._value(source, groups)}"
            case kind:
                return f"occurred_at: {self._value(source, groups, format=kind)}"

    def _time_in(self, shape: Shape) -> _Source | None:
        """Where the message of a shape tells the time, if nothing else in its lines does."""
        if self.time in shape.fields:
            return None
        parts = (_Source(*one) for one in enumerate(shape.variables))
        return next((one for one in parts if _time_format(one.field)), None)

    def _id_value(self, name: str, source: _Source, groups: Mapping[int, str]) -> str:
        """An id, without what all of them begin with where that is not the registry's prefix."""
        starts = _starts(source.field.values)
        start = starts.pop() if len(starts) == 1 and len(source.field.values) > 1 else ""
        is_theirs = start not in ("", self.registry.ids[name].prefix)
        return self._value(source, groups, **({"strip": start} if is_theirs else {}))

    def _value(self, source: _Source, groups: Mapping[int, str], **more: object) -> str:
        if isinstance(source.of, int):
            parts = [f"group: {groups[source.of]}"]
        elif not more:
            return self._path(source.of)
        else:
            parts = [f"path: {self._path(source.of)}"]
        parts += [f"{key}: {_written(value)}" for key, value in more.items()]
        return f"{{{', '.join(parts)}}}"

    def _rule(
        self, shape: Shape, title: str, event: Event | None, common: Mapping[str, Path]
    ) -> Iterator[str]:
        ids = self._ids_of(shape)
        groups = self._groups(shape, ids)
        needs = self.registry.ids if event is None else self.registry.event_ids(event)
        own = {
            name: self._id_value(name, source, groups)
            for name, source in ids.items()
            if source.of != common.get(name) and name in needs
        }
        used = {source.of for source in ids.values()}
        yield f"  # {shape.count / self.read:.1%} of the lines, such as"
        yield f"  #   {printable(shape.example[:300])}"
        yield f"  - name: {json.dumps(title, ensure_ascii=False)}"
        yield f"    when: {self._when(shape, groups)}"
        if (moment := self._time_in(shape)) and moment.of in groups:
            used.add(moment.of)
            yield f"    {'' if event else '# '}{self._occurred_at(moment, groups)}"
        if event is not None:
            yield f"    event: {event.name}  # guessed"
        mark = "" if event is not None else "# "
        if own:
            yield f"    {mark}ids:"
            yield from (f"    {mark}  {name}: {value}" for name, value in own.items())
        if event is not None:
            missing = [n for n, need in needs.items() if need == "required" and n not in ids]
            if missing:
                yield f"    # requires {', '.join(missing)}: say where from, under ids"
            given: list[str] = []
            for name, field in event.fields.items():
                source = self._alike(name, shape)
                if source is not None:
                    used.add(source.of)
                    given.append(f"      {name}: {self._field_value(name, field, source, groups)}")
            if given:
                yield "    fields:  # guessed"
                yield from given
                for name, field in event.fields.items():
                    if any(f" {name}: " in line and f'"{UNKNOWN}"' in line for line in given):
                        yield f"    # {name} is one of {', '.join(self.registry.values(field))}"
            known = {line.split(":")[0].strip() for line in given}
            missing = [n for n, field in event.fields.items() if field.required and n not in known]
            if missing:
                yield f"    # requires {', '.join(missing)}: say where from, under fields"
        also = [
            f"{where}: {_values(source.field)}"
            for source, where in self._sources(shape, groups)
            if source.of not in used and source.of not in {*self.apart, shape.path}
        ]
        if also:
            yield "    # its lines also say"
            yield from (f"    #   {line}" for line in also[:SHOWN])
        if len(also) > SHOWN:
            yield f"    #   and {len(also) - SHOWN} more"

    def _sources(self, shape: Shape, groups: Mapping[int, str]) -> Iterator[tuple[_Source, str]]:
        for number, field in enumerate(shape.variables):
            if number in groups:
                yield _Source(number, field), f"group {groups[number]}"
        for path, field in shape.fields.items():
            yield _Source(path, field), write_path(path)

    def _ids_of(self, shape: Shape) -> dict[str, _Source]:
        """Where a shape's lines have ids: at the path of most lines first, then in the message."""
        found: dict[str, _Source] = {}
        for path in sorted(self.ids, key=lambda path: -self.fields[path].count):
            if path in shape.fields:
                found.setdefault(self.ids[path], _Source(path, shape.fields[path]))
        for number, word in enumerate(_words_before(shape)):
            field = shape.variables[number]
            name = self._id_with(field) or (field.has_numbers and self._id_of(_split(word)))
            if name:
                found.setdefault(name, _Source(number, field))
        return found

    def _groups(self, shape: Shape, ids: Mapping[str, _Source]) -> dict[int, str]:
        """Names of the parts of a message that differ: of the id, else of the word before."""
        of_ids = {source.of: name.removesuffix("_id") for name, source in ids.items()}
        names: dict[int, str] = {}
        for number, word in enumerate(_words_before(shape)):
            name = of_ids.get(number) or word.lower() or f"v{number + 1}"
            names[number] = f"v{number + 1}" if name in names.values() else name
        return names

    def _when(self, shape: Shape, groups: Mapping[int, str]) -> str:
        if shape.path is None and shape.keys:
            keys = (_plain(write_path((key,))) for key in shape.keys)
            return "{" + ", ".join(f"{key}: {{exists: true}}" for key in keys) + "}"
        path = "message" if shape.path is None else self._path(shape.path)
        if shape.path is not None and not shape.variables and not shape.is_cut:
            return f"{{{path}: {_plain(shape.template)}}}"
        return f"{{{path}: {{matches: {_pattern(shape, groups)}}}}}"

    def _nearest(self, shape: Shape) -> Event | None:
        """The event whose words the message has, or the names of what it holds."""
        if shape.path is None and not shape.keys and self._time_in(shape) is None:
            return None
        said = _ours(_split(" ".join(shape.keys) or shape.template))
        if re.search(r"\* ?-+> ?\*", shape.template):
            said.add(_stem("changed"))
        about = {_stem(name.removesuffix("_id")) for name in self._ids_of(shape)}
        best, most = None, 0.64
        for event in self.registry.events:
            stream, _, rest = event.name.partition(".")
            action = {_stem(word) for word in rest.split("_")}
            told = len(action & (said | about)) if action & said else 0
            score = 0.7 * told / len(action) + 0.01 * told
            score += 0.3 if _stem(stream) in said else 0.15 if _stem(stream) in about else 0
            if score > most:
                best, most = event, score
        return best

    def _alike(self, name: str, shape: Shape) -> _Source | None:
        """Where the lines have a field: its own name in their words, alone or with that above."""
        words = _split(name if unit(name) is None else name.rsplit("_", 1)[0])
        wanted = {_stem(word) for word in words - OF_AN_ID}
        for length in (1, 2):
            for path, field in shape.fields.items():
                if _ours(_split(" ".join(map(str, path[-length:]))) - UNITS.keys()) == wanted:
                    return _Source(path, field)
        for number, word in enumerate(_words_before(shape)):
            if word and _ours(_split(word)) == wanted:
                return _Source(number, shape.variables[number])
        return None

    def _field_value(
        self, name: str, field: EventField, source: _Source, groups: Mapping[int, str]
    ) -> str:
        more: dict[str, object] = {}
        if field.type == "enum":
            known = self.registry.values(field)
            words = {word: _word(word, known) for word in source.field.values if word not in known}
            more = {"words": words} if words else {}
        elif field.type in ("int", "number") and (factor := _factor(name, source)) != 1:
            more = {"times": factor}
        elif field.type == "timestamp" and (kind := _time_format(source.field) or "").startswith(
            "unix"
        ):
            more = {"format": kind}
        return self._value(source, groups, **more)

    def _row(self, shape: Shape) -> list[str]:
        """A row of the registry for lines of one shape; none where they say nothing of it."""
        own = {
            path: of
            for path, of in shape.fields.items()
            if path not in {*self.apart, *self.ids, shape.path}
        }
        if not own:
            return []
        lines = [
            f"#  - name: stream.object_verb_past  # {printable(str(shape))},"
            f" {shape.count / self.read:.1%} of the lines",
            "#    version: 1",
            "#    fields:",
        ]
        for path, field in own.items():
            name = "_".join(re.findall(r"[a-z0-9]+", _spaced(str(path[-1]))))
            rate = field.count / shape.count
            need = "required" if rate == 1 else "optional"
            match field.kind:
                case "int" | "number" if field.low is not None:
                    what = f"type: {field.kind}, min: {field.low:g}, max: {field.high:g}"
                case "text" if _is_enum(field):
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
            lines.append(printable(f"#      {name}: {{{what}, {rest}"))
        return lines


# ---------------------------------------------------------------- values


def _merged(shapes: Iterable[Shape]) -> dict[Path, Field]:
    fields: dict[Path, Field] = {}
    for shape in shapes:
        for path, field in shape.fields.items():
            fields.setdefault(path, Field()).include(field)
    return fields


def _named(fields: Mapping[Path, Field], names: Iterable[str]) -> Path | None:
    """A text on top, or in a Datadog log's attributes, that has the first of some names."""
    for name in names:
        for holder in ((), ("attributes",)):
            path = (*holder, name)
            if path in fields and fields[path].kind in ("text", "int", "number"):
                return path
    return None


def _starts(values: Iterable[str]) -> set[str]:
    """What the values begin with before their number: a word and what parts it from the number."""
    return {re.sub(r"^([A-Za-z]+[-_:/#]?|).*", r"\1", value) for value in values}


def _time_format(field: Field) -> str | None:
    """How the times of a field are written; None where it has none."""
    if field.kind == "time":
        return "iso"
    if field.kind == "time without zone":
        return "no zone"
    if field.kind not in ("int", "number") or not field.values:
        return None
    try:
        numbers = [float(value) for value in field.values]
    except ValueError:
        return None
    # From 2001 to 2096, in one of the units.
    for name, per_second in (("s", 1), ("ms", 1e3), ("us", 1e6), ("ns", 1e9)):
        if min(numbers) / per_second >= 1e9 and max(numbers) / per_second < 4e9:
            return f"unix_{name}"
    return None


def _is_enum(field: Field) -> bool:
    return (
        len(field.values) <= ENUM
        and field.count >= 5 * len(field.values)
        and not (field.has_numbers or any(re.search(r"[^\w -]", value) for value in field.values))
    )


def _values(field: Field) -> str:
    """What values there are, in a few words."""
    if field.low is not None and field.kind in ("int", "number"):
        low, high = f"{field.low:.15g}", f"{field.high:.15g}"
        return low if low == high else f"{low} to {high}"
    some = [printable(value)[:40] for value, _ in field.values.most_common(7)]
    return ", ".join(some[:6]) + (" ..." if len(some) > 6 else "") if some else field.kind


def _word(word: str, known: list[str]) -> str:
    """The registry's word that is nearest to one of others; UNKNOWN where none is near."""
    mine = _ours(_split(word))
    near = [ours for ours in known if {_stem(part) for part in ours.split("_")} <= mine]
    if near:
        return max(near, key=len)
    close = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.75)
    return close[0] if close else UNKNOWN


def _factor(name: str, source: _Source) -> float:
    """What makes the registry's unit of that at the end of others' name; 1 where none is seen."""
    if name.endswith("_pct") and source.field.high is not None and 0 < source.field.high <= 1:
        return 100
    if unit(name) is None or isinstance(source.of, int):
        return 1
    theirs = [UNITS[word] for word in _spaced(str(source.of[-1])).split() if word in UNITS]
    own = UNITS.get(name.rsplit("_", 1)[-1])
    factor = theirs[-1] / own if theirs and own else 1
    return round(factor) if factor >= 1 else float(f"{factor:g}")


# ---------------------------------------------------------------- words


def _spaced(name: str) -> str:
    """A name in lower case with blanks between its words: robotId is `robot id`."""
    split = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    return " ".join(re.findall(r"[a-z0-9]+", split.lower()))


def _split(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", _spaced(text)))


def _stem(word: str) -> str:
    return re.sub(r"(e?d|ing|e?s|e)$", "", word)


def _ours(words: set[str]) -> set[str]:
    """Words of others in ours, without their endings."""
    return {_stem(ours) for word in words for ours in (OURS.get(word) or word).split()}


def _words_of_an_id(path: Path) -> set[str]:
    """What a path says that it is the id of: robotId, robot.id and robot all say robot."""
    words = _split(str(path[-1])) - OF_AN_ID
    return words or (_split(str(path[-2])) if len(path) > 1 else set())


def _words_before(shape: Shape) -> list[str]:
    """The word before each part of a message that differs; empty where there is none."""
    pieces = shape.template.split("*")[:-1]
    found = [re.search(r"\b([A-Za-z][A-Za-z0-9_]*)\W{0,2}$", piece) for piece in pieces]
    words = [word[1] if word else "" for word in found[: len(shape.variables)]]
    return ["" if word in PREPOSITIONS else word for word in words]


def _pattern(shape: Shape, groups: Mapping[int, str]) -> str:
    """A regular expression that fits a message whatever the parts of it are that differ."""
    pieces = [re.escape(piece).replace(r"\ ", " ") for piece in shape.template.split("*")]
    pattern = pieces[0]
    for number, piece in enumerate(pieces[1:]):
        one = r"\S+?"
        if number in groups and any(" " in value for value in shape.variables[number].values):
            one = r"\S+?(?: \S+?)?"  # a time with a blank in it
        pattern += (f"(?P<{groups[number]}>{one})" if number in groups else one) + piece
    end = "" if shape.is_cut else "$"
    return json.dumps(f"^{pattern}{end}".replace("'", r"\x27"), ensure_ascii=False)


def _plain(text: str) -> str:
    """A text as YAML within braces: without quotes where it needs none."""
    is_plain = re.fullmatch(r"[A-Za-z_][\w.]*", text) and yaml.safe_load(text) == text
    return text if is_plain else json.dumps(text, ensure_ascii=False)


def _written(value: object) -> str:
    match value:
        case str():
            return _plain(value)
        case dict():
            return f"{{{', '.join(f'{_plain(k)}: {_plain(v)}' for k, v in value.items())}}}"
        case _:
            return json.dumps(value)


def _in_one_line(value: object) -> str:
    """A value as YAML in one line."""
    written: str = yaml.safe_dump(
        value, width=float("inf"), allow_unicode=True, default_flow_style=True, sort_keys=False
    )
    return written.removesuffix("...\n").strip()

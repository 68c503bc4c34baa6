"""Writes logs of another shape as event files into a landing folder."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from fleet.mapping.engine import AT_ONCE, Engine, Mapped
from fleet.mapping.loader import Mapping
from fleet.mapping.sources import Log, LogError, as_text, read_lines
from fleet.mapping.verdict import Envelope, Judge, Refusal
from fleet.registry import Registry
from fleet.registry.targets.vector import CHECKS
from fleet.warehouse import storage

EVENTS, REJECTS, REST = "events/v1", "rejects/v1", "import"
BOOT_LENGTH = 12
EXAMPLES = 3


@dataclass
class Counts:
    """What became of the lines of one log or of several; every line is in one of them.

    Attributes:
        lines: lines read.
        mapped: lines by the name of the rule that made events of them.
        set_aside: lines by the name of a rule without an event.
        events_already: lines that were events of the registry as they are.
        unmatched: lines that no rule fits.
        blank: lines without text.
        refused: lines that cannot be read or whose event the registry refuses, by why.
        events: events written, by name.
        first_event_at: the earliest time of them.
        refused_examples: why to the first lines.
    """

    lines: int = 0
    mapped: dict[str, int] = field(default_factory=dict)
    set_aside: dict[str, int] = field(default_factory=dict)
    events_already: int = 0
    unmatched: int = 0
    blank: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)
    first_event_at: str | None = None
    refused_examples: dict[str, list[str]] = field(default_factory=dict)

    @property
    def accounted(self) -> int:
        """Lines of which it is known what became of them."""
        several = (self.mapped, self.set_aside, self.refused)
        return (
            sum(sum(of.values()) for of in several)
            + self.events_already
            + self.unmatched
            + self.blank
        )

    def include(self, other: Counts) -> None:
        """Add those of another log."""
        for name in ("lines", "events_already", "unmatched", "blank"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("mapped", "set_aside", "refused", "events"):
            for what, count in getattr(other, name).items():
                add(getattr(self, name), what, count)
        times = [at for at in (self.first_event_at, other.first_event_at) if at]
        self.first_event_at = min(times, default=None)
        for why, lines in other.refused_examples.items():
            mine = self.refused_examples.setdefault(why, [])
            mine += lines[: EXAMPLES - len(mine)]

    def refuse(self, why: str, line: str) -> None:
        """Count a line that is refused, and keep the first of each kind."""
        add(self.refused, why)
        kept = self.refused_examples.setdefault(why, [])
        if len(kept) < EXAMPLES:
            kept.append(line)


def add(counts: dict[str, int], what: str, count: int = 1) -> None:
    """Add to one of several counts."""
    counts[what] = counts.get(what, 0) + count


@dataclass(slots=True)
class Line:
    """A line and what became of it: its events, or why it is kept apart.

    Attributes:
        text: the line.
        events: those of its events that the registry accepts.
        reason: why it, or one of its events, is refused: a reason of the registry.
        is_log: whether it is an ordinary log, which no rule makes an event of.
        is_unmatched: whether it is one that no rule fits at all.
        rule: name of the rule that makes its events.
        is_own: whether it is an event of the registry already.
    """

    text: str
    events: list[bytes]
    reason: str | None = None
    is_log: bool = False
    is_unmatched: bool = False
    rule: str | None = None
    is_own: bool = False


class Importer:
    """Makes events of lines by one mapping."""

    def __init__(self, mapping: Mapping, registry: Registry, project_dir: Path) -> None:
        self.mapping = mapping
        self._engine = Engine(mapping, registry)
        self._judge = Judge(project_dir, registry)
        checks = (project_dir / CHECKS).read_text("utf-8")
        said = f"{self._engine.source}{checks}{mapping.content.model_dump_json()}"
        self.digest = hashlib.sha256(said.encode()).hexdigest()
        """Changes with whatever may change what is written."""
        self._rules = [rule.name for rule in mapping.content.rules]
        self._is_numbered = mapping.content.line.in_order
        self._history = b""
        if day := mapping.content.line.earliest_credible_at:
            # Of history alone: live lines go through the same program, and their clocks by the var.
            self._history = b',"earliest_credible_at":"%sT00:00:00.000000Z"' % str(day).encode()

    def lines(self, log: Log, counts: Counts) -> Iterator[Line]:
        """What becomes of each line of a log, counted; blank lines are left out."""
        boot = hashlib.sha256(log.name.encode()).hexdigest()[:BOOT_LENGTH]
        host = log.name.rsplit("/", 1)[-1]
        numbers: Counter[str] = Counter()
        for some in read_lines(log, self.mapping.content.format):
            for start in range(0, len(some), AT_ONCE):
                raw = some[start : start + AT_ONCE]
                texts = [as_text(line.removesuffix(b"\r")) for line in raw if line.strip()]
                counts.lines += len(raw)
                counts.blank += len(raw) - len(texts)
                for text, mapped in zip(texts, self._engine.run(texts, host, boot), strict=True):
                    yield self._line(text, mapped, numbers, counts)

    def _line(self, text: str, mapped: Mapped, numbers: Counter[str], counts: Counts) -> Line:
        line = Line(text, [])
        why = line.reason = mapped.fault
        for event in mapped.events:
            refusal = self._take(line, event.encode(), mapped.is_event, numbers, counts)
            if refusal is not None and why is None:
                line.reason, why = refusal.reason, str(refusal)
        if why is not None:
            counts.refuse(why, text)
        elif mapped.is_event:
            counts.events_already += 1
            line.is_own = True
        elif mapped.events:
            line.rule = self._rules[mapped.rule - 1]
            add(counts.mapped, line.rule)
        else:
            line.is_log = True
            if mapped.rule:
                add(counts.set_aside, self._rules[mapped.rule - 1])
            else:
                counts.unmatched += 1
                line.is_unmatched = True
        return line

    def _take(
        self, line: Line, event: bytes, is_own: bool, numbers: Counter[str], counts: Counts
    ) -> Refusal | None:
        """Take an event of a line, or say why the registry refuses it."""
        # No text has this in it: its quotes would be escaped.
        name = event.partition(b'"evt":{"name":"')[2].partition(b'"')[0].decode()
        if is_own:
            refusal = self._judge.refused(event)
            said = refusal or msgspec.json.decode(event, type=Envelope)
        else:
            said = self._judge.read_event(name, event)
        if isinstance(said, Refusal):
            return said._replace(detail=f"{name}, {said.detail}" if said.detail else name)
        if self._is_numbered and not is_own:
            numbers[said.emitter_id] += 1
            event = b'%s,"seq":%d}' % (event[:-1], numbers[said.emitter_id])
        if self._history and not is_own:
            event = b"%s%s}" % (event[:-1], self._history)
        line.events.append(event)
        add(counts.events, name)
        if counts.first_event_at is None or said.occurred_at < counts.first_event_at:
            counts.first_event_at = said.occurred_at
        return None


# ---------------------------------------------------------------- files


def import_log(
    importer: Importer, log: Log, landing: str, progress: Callable[[int], None] = lambda _: None
) -> Counts:
    """Write one log's events, rejects and ordinary lines, and then what became of its lines.

    The same log gives the same bytes. A log that an earlier import has ended is left alone. Files
    appear whole; one that is there already with the same bytes is left as it is, so that a loader
    does not read it again.

    `progress` is called with the number of bytes of lines done since the last call.

    Raises:
        LogError: the log cannot be read to its end, or another of its name was imported before.
    """
    files = Files(landing)
    path = f"{importer.mapping.name}/{_file_name(log)}"
    known = files.read(f"{REST}/{path}.json")
    origin = _origin(log)
    mark = {"digest": importer.digest, **_identity(log)}
    if known is not None:
        ledger = json.loads(known)
        if {key: ledger.get(key) for key in mark} == mark:
            return Counts(**ledger["counts"])
        if ledger.get("origin", origin) != origin and _differs(ledger, log):
            raise LogError(
                f"{landing} has the events of another {log.name} already, of {ledger['origin']}: "
                "name the folder above both, or another --out. If that log has moved and changed, "
                f"delete {REST}/{path}.json there, and run this again."
            )
    counts = Counts()
    with ExitStack() as open_files:
        event_file, reject_file, log_file = (open_files.enter_context(Written()) for _ in range(3))
        for line in importer.lines(log, counts):
            for event in line.events:
                event_file.write(event)
            if line.reason is not None:
                event = msgspec.json.encode({"line": line.text, "reason": line.reason})
                reject_file.write(event)
            elif line.is_log:
                log_file.write(line.text.encode())
            progress(len(line.text) + 1)
        files.put(event_file, f"{EVENTS}/import={path}.ndjson.gz")
        files.put(reject_file, f"{REJECTS}/import={path}.ndjson.gz")
        files.put(log_file, f"{REST}/{path}.log.gz")
        done = {**mark, "log": log.name, "origin": origin, "counts": asdict(counts)}
        files.write(f"{REST}/{path}.json", json.dumps(done, indent=1, sort_keys=True).encode())
    return counts


def _file_name(log: Log) -> str:
    """The log's name as one part of a path, another for each log."""
    short = hashlib.sha256(log.name.encode()).hexdigest()[:8]
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", log.name)[-80:].strip("-.")
    return f"{stem}-{short}"


def _identity(log: Log) -> dict[str, Any]:
    stored = log.stored
    return {"bytes": stored.byte_count, "modified_at": stored.modified_at, "etag": stored.etag}


def _differs(ledger: dict[str, Any], log: Log) -> bool:
    return any(ledger.get(key) != value for key, value in _identity(log).items())


def _origin(log: Log) -> str:
    """Where a log lies: two of one name are not the same log."""
    if "://" in log.top:
        return f"{log.top.partition('://')[0]}://{log.stored.path}"
    return str(Path(log.stored.path).resolve())


class Written:
    """A gzip file that is being written in a temporary place."""

    TOGETHER = 1000

    def __enter__(self) -> Written:
        self._file = tempfile.TemporaryFile()
        # Neither a name nor a time: the same lines give the same bytes.
        self._packed = gzip.GzipFile("", "wb", 1, self._file, mtime=0)
        self._waiting: list[bytes] = []
        self.is_empty = True
        return self

    def __exit__(self, *_: object) -> None:
        self._packed.close()
        self._file.close()

    def write(self, line: bytes) -> None:
        self.is_empty = False
        self._waiting.append(line)
        if len(self._waiting) == self.TOGETHER:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            self._packed.write(b"\n".join(self._waiting) + b"\n")
            self._waiting = []

    def content(self) -> bytes:
        """What was written, packed."""
        self._flush()
        self._packed.close()
        self._file.seek(0)
        return self._file.read()


class Files:
    """Files below a landing folder or an s3:// prefix, each there whole or not at all."""

    def __init__(self, landing: str) -> None:
        self._top = landing.rstrip("/")
        self._remote = storage.connect(self._top) if "://" in landing else None

    def read(self, name: str) -> bytes | None:
        """A file's bytes; None where there is none."""
        try:
            if self._remote is None:
                return Path(self._top, name).read_bytes()
            files, top = self._remote
            return bytes(files.cat_file(f"{top}/{name}"))
        except FileNotFoundError:
            return None

    def put(self, written: Written, name: str) -> None:
        """Put a file in its place, or take away what an earlier import left there."""
        if written.is_empty:
            if self.read(name) is not None:
                self._remove(name)
            return
        self.write(name, written.content())

    def write(self, name: str, content: bytes) -> None:
        if self.read(name) == content:
            return
        if self._remote is not None:
            files, top = self._remote
            files.pipe_file(f"{top}/{name}", content)
            return
        path = Path(self._top, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        # A name that no loader takes for an event file.
        half = path.with_name(f"{path.name}.part")
        half.write_bytes(content)
        half.replace(path)

    def _remove(self, name: str) -> None:
        if self._remote is None:
            Path(self._top, name).unlink()
        else:
            files, top = self._remote
            files.rm_file(f"{top}/{name}")

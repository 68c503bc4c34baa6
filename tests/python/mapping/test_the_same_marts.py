"""The simulator's day in three foreign shapes, also killed and again, gives the native marts."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fleet.mapping.importer import Counts, Importer, import_log
from fleet.mapping.loader import Mapping, load_mapping
from fleet.mapping.sources import find_logs
from fleet.registry import Registry, load_registry
from fleet.registry.targets.lines import example_line
from tests.python.conftest import ROOT, Warehouse
from tests.python.mapping.conftest import import_killed
from tests.python.mapping.foreign import MAPPINGS, SHAPES, WRITERS, dump, time_of
from tests.python.nightly.differences import Tables, differences, tables

# When and from which file a line was loaded: another load is another. How many files there were.
OF_THE_LOAD = {
    *("loaded_at", "last_loaded_at", "end_loaded_at"),
    *("source_file", "source_file_count", "quarantined_line_id"),
    "data",  # an object, whose keys Vector puts in order; its fields are columns of other marts
}
TABLES_OF_FILES = {"load_reconciliation"}
KILLED = "archive"
"""The shape whose import is killed and run again."""


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry(ROOT)


def lines_below(landing: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(landing.rglob("events/**/*.ndjson.gz")):
        yield from map(json.loads, gzip.decompress(path.read_bytes()).splitlines())


def write_logs(
    lines: Iterable[dict[str, Any]], shape: str, registry: Registry, folder: Path
) -> tuple[Mapping, Path]:
    """Write lines in a foreign shape; the mapping that undoes it, and the folder of the logs."""
    logs = folder / f"{shape}_logs"
    logs.mkdir(parents=True)
    WRITERS[shape](list(lines), registry, logs)
    mapping = load_mapping(dump(folder / f"{shape}.yml", MAPPINGS[shape](registry)), registry)
    return mapping, logs


def bring(mapping: Mapping, logs: Path, registry: Registry, landing: Path) -> Counts:
    """Import logs into a landing folder."""
    importer = Importer(mapping, registry, ROOT)
    counts = Counts()
    for log in find_logs([str(logs)]):
        counts.include(import_log(importer, log, str(landing)))
    return counts


def as_said(line: dict[str, Any]) -> str:
    """What a line says, times as instants, numbers as doubles, without what no mart has."""
    line = {key: value for key, value in line.items() if key != "status"}
    line |= {"env": line["env"].lower()}

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(inside) for key, inside in value.items()}
        if isinstance(value, int | float) and not isinstance(value, bool):
            return round(float(value), 6)
        if isinstance(value, str) and value[4:5] == "-" and value.endswith("Z"):
            return time_of(value).isoformat()
        return value

    return json.dumps(plain(line), sort_keys=True)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_event_with_all_it_carries_comes_back(
    shape: str, registry: Registry, tmp_path: Path
) -> None:
    lines = []
    for number, event in enumerate(registry.events):
        line = example_line(event, registry)
        data = line.get("data", {})
        for name, value in data.items():
            if isinstance(value, list):
                data[name] = value[:1]
        own = {
            "event_id": f"id-{number}",
            "seq": number + 1,
            "received_at": "2026-11-23T09:00:01.500Z",
            "sent_at": "2026-11-23T09:00:00.900Z",
            "mono_ms": 12_000 + number,
            "dd": {"trace_id": f"t{number}", "span_id": f"s{number}"},
        }
        lines.append(line | own)
    mapping, logs = write_logs(lines, shape, registry, tmp_path)
    counts = bring(mapping, logs, registry, tmp_path / "landing")
    assert counts.refused == {}
    assert sum(counts.events.values()) == len(registry.events) == len(counts.events)
    found = Counter(map(as_said, lines_below(tmp_path / "landing")))
    assert found == Counter(map(as_said, lines))


def without(of: Tables) -> Tables:
    return {
        name: table.drop_columns(
            [column for column in table.column_names if column.split(": ")[0] in OF_THE_LOAD]
        )
        for name, table in of.items()
        if "fleet_marts" in name and not any(other in name for other in TABLES_OF_FILES)
    }


def test_every_mart_is_that_of_the_native_load(
    clean: tuple[Warehouse, Path],
    registry: Registry,
    tmp_path: Path,
    open_warehouse: Callable[[Path], Warehouse],
) -> None:
    native, _ = clean
    lines = list(lines_below(native.landing))
    foreign = open_warehouse(tmp_path)
    emitters = sorted({line["emitter_id"] for line in lines})
    total = Counts()
    for place, shape in enumerate(SHAPES):
        mine = set(emitters[place :: len(SHAPES)])
        some = [line for line in lines if line["emitter_id"] in mine]
        mapping, logs = write_logs(some, shape, registry, tmp_path / "made")
        if shape == KILLED:
            # Of the second log the events are there, and nothing that says it was done.
            import_killed(mapping, logs, foreign.landing, at=4)
            half = len(list(lines_below(foreign.landing))) - sum(total.events.values())
            assert 0 < half < len(some)
        total.include(bring(mapping, logs, registry, foreign.landing))
    assert total.refused == {}
    assert total.accounted == total.lines
    assert sum(total.events.values()) == len(lines) > 10_000

    foreign.load()
    foreign("seed")
    foreign("run")
    ours, theirs = without(tables(native.database)), without(tables(foreign.database))
    assert len(theirs) > 20
    found = differences(theirs, ours)
    assert not found, "\n".join(map(str, found))

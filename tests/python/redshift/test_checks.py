"""The checks of a line have the same verdict on both engines, and leave the same typed values."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

from fleet.registry import load_registry
from tests.python.conftest import ROOT, Warehouse
from tests.python.redshift.both_engines import BothEngines
from tests.python.redshift.warehouse import RedshiftWarehouse, StandIn
from tests.python.registry.odd_lines import (
    NotAnEventError,
    extremes,
    long_lines,
    mutations,
    said,
)

COLUMNS = (
    "case when has_derived_event_id then 'derived' else event_id end",
    *("order_id", "delivery_id", "robot_id", "merchant_id", "pilot_id", "market", "emitter_id"),
    *("event_name", "event_version", "service", "env", "status", "seq", "mono_milliseconds"),
    *("trace_id", "span_id", "quarantine_reason", "quarantine_detail", "last_seq", "reason"),
    *("occurred_at", "received_at", "sent_at", "has_derived_event_id"),
    *("is_other_environment", "earliest_credible_at", "uncorrected_source"),
)

QUARANTINED = "fleet_staging.base_event_log__quarantined_lines"
# The text of a line is as each engine writes JSON, but for the lines of which it is not the text.
KEPT = ("reason", "reason_detail", "event_name", "stream", "received_at", "left(line, 1)")


def test_every_odd_line_gets_the_same_reason_and_values(
    tmp_path: Path,
    open_warehouse: Callable[[Path], Warehouse],
    open_redshift: Callable[[str], RedshiftWarehouse],
    standin: StandIn,
) -> None:
    registry = load_registry(ROOT)
    lines = [line.encode() for line in extremes(registry)]
    # What the loader or COPY refuses reaches no model; PostgreSQL's text holds no NUL.
    lines += [line for line in mutations(registry, 2400, seed=16) if is_loaded(line)]
    lines += [json.dumps(line).encode() for line in old_lines()]
    standin.clear()
    both = BothEngines(open_warehouse(tmp_path), open_redshift("fleet"), standin, tmp_path)
    long = dict(long_lines(registry))
    lines += [line.encode() for line in long]
    both.duck.land("odd.ndjson", lines)
    # Two rejected lines that only differ behind what a shorter text would hold of them.
    both.duck.land("no_json.ndjson", [b"{" + b"x" * 65_000 + end for end in (b"1", b"2")])
    both.load()
    query = f"select {', '.join(COLUMNS)} from fleet_staging.base_event_log__typed_lines"
    found: list[Counter[tuple[Any, ...]]] = []
    kept: list[Counter[tuple[Any, ...]]] = []
    too_large: list[Any] = []
    for run, rows in ((both.duck, both.duck.rows), (both.redshift, standin.rows)):
        run("seed")
        run("run", "--select", "+base_event_log__quarantined_lines")
        found.append(Counter(rows(query)))
        kept.append(Counter(rows(f"select {', '.join(KEPT)} from {QUARANTINED}")))
        (ids,) = rows(f"select count(*), count(distinct quarantined_line_id) from {QUARANTINED}")
        assert ids[0] == ids[1] > len(long)
        too_large.append(rows(f"select count(*) from {QUARANTINED} where reason = 'too_large'"))
    duck, redshift = found
    assert list((duck - redshift).items())[:5] == []
    assert list((redshift - duck).items())[:5] == []
    assert duck.total() == len(lines)
    assert kept[0] == kept[1]
    assert too_large == [[(sum(long.values()),)]] * 2
    reasons = Counter(row[COLUMNS.index("quarantine_reason")] for row in duck)
    assert reasons.pop("too_large") == sum(long.values())
    assert min(reasons.values()) >= 10
    assert len(reasons) >= 7


def old_lines() -> Iterator[dict[str, Any]]:
    """An event before and after each day that may be the first credible one, received or not."""
    years = ("1970", "2016", "2022")
    for number, (occurred, received, day) in enumerate(
        product(years, (None, *years), (None, "2015-01-01T00:00:00Z"))
    ):
        yield {
            "event_id": f"old-{number}",
            "evt": {"name": "robot.heartbeat"},
            "occurred_at": f"{occurred}-03-01T10:00:00Z",
            "received_at": received and f"{received}-03-01T10:00:01Z",
            "earliest_credible_at": day,
            "robot_id": "R-1",
            "data": {"state": "available"},
        }


def is_loaded(line: bytes) -> bool:
    try:
        said(line)
    except NotAnEventError:
        return False
    return b"\\u0000" not in line

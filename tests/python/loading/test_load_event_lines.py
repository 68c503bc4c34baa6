"""``dbt run-operation load_event_lines``: no line of any file is lost or taken twice."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from fleet.warehouse import event_files
from fleet.warehouse.dbt_runner import DbtError
from tests.python.conftest import Warehouse

GOOD = b'{"event_id": "1"}'


def accepted(dbt: Warehouse) -> list[Any]:
    return [row[0] for row in dbt.rows("select payload from event_log.event_lines order by rowid")]


def rejected(dbt: Warehouse) -> list[tuple[Any, ...]]:
    return dbt.rows("select line, reason from event_log.rejected_lines order by rowid")


def test_every_line_is_accepted_or_rejected_with_its_text(dbt: Warehouse) -> None:
    refused = {
        b'{"cut": ': ('{"cut": ', "malformed"),
        b"": ("", "malformed"),
        b"\r": ("", "malformed"),
        b"\xef\xbb\xbf{}": ("\ufeff{}", "malformed"),
        b'{"latin": "\xe9"}': ('{"latin": "\\xe9"}', "malformed"),
        b'{"nul": "\x00"}': ('{"nul": "\x00"}', "malformed"),
        b"\x00": ("\x00", "malformed"),
        b'{"a": NaN}': ('{"a": NaN}', "malformed"),
        b'{"lone": "\\ud800"}': ('{"lone": "\\ud800"}', "malformed"),
        b'{"a": 1} {"b": 2}': ('{"a": 1} {"b": 2}', "malformed"),
        b"[" * 100_000: ("[" * 100_000, "malformed"),
        b"[1, 2]": ("[1, 2]", "not_an_object"),
        b'"text"': ('"text"', "not_an_object"),
        b" null ": (" null ", "not_an_object"),
        b"12": ("12", "not_an_object"),
    }
    taken = [
        GOOD,
        b' {"space": 1}\t',
        b'{"huge": 1e999, "long": 123456789012345678901234567890}',
        b'{"deep": ' + b"[" * 500 + b"]" * 500 + b"}",
        '{"text": "\u2028 \u0085 \U0001f916"}'.encode(),
    ]
    dbt.land("a.ndjson", [GOOD, *refused, *taken, GOOD + b"\r"])

    dbt.load()

    assert rejected(dbt) == list(refused.values())
    assert accepted(dbt) == [line.decode() for line in [GOOD, *taken, GOOD]]
    assert dbt.rows(
        "select source_file, line_count, rejected_count from event_log.loaded_files"
    ) == [("a.ndjson", len(refused) + len(taken) + 2, len(refused))]


def test_a_file_is_loaded_once(dbt: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    dbt.land("events/date=2026-01-01/one.ndjson.gz", [GOOD, GOOD])
    dbt.load()
    assert "Loaded 1 new file with 2 lines" in capsys.readouterr().out

    dbt.load()
    assert "No new event files" in capsys.readouterr().out

    dbt.land("events/date=2026-01-01/two.ndjson", [GOOD])
    dbt.load()
    assert "Loaded 1 new file with 1 line " in capsys.readouterr().out
    assert dbt.rows(
        "select source_file, count(*) from event_log.event_lines group by all order by all"
    ) == [("events/date=2026-01-01/one.ndjson.gz", 2), ("events/date=2026-01-01/two.ndjson", 1)]


def test_loaded_at_grows_even_when_the_clock_was_set_back(dbt: Warehouse) -> None:
    dbt.land("a.ndjson", [GOOD, b"cut"])
    dbt.load()
    future = "timestamp '2999-01-01'"
    dbt.rows(f"update event_log.loaded_files set loaded_at = {future}")
    dbt.land("b.ndjson", [GOOD, b"cut"])

    dbt.load()

    later = f"select distinct loaded_at > {future} from event_log."
    assert dbt.rows(f"{later}event_lines where source_file = 'b.ndjson'") == [(True,)]
    assert dbt.rows(f"{later}rejected_lines where source_file = 'b.ndjson'") == [(True,)]


def test_a_file_without_its_last_line_feed_keeps_its_last_line(dbt: Warehouse) -> None:
    dbt.land("a.ndjson", []).write_bytes(GOOD + b"\n" + GOOD)
    dbt.land("empty.ndjson", [])

    dbt.load()

    assert len(accepted(dbt)) == 2
    assert dbt.rows("select line_count from event_log.loaded_files order by source_file") == [
        (2,),
        (0,),
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (gzip.compress(GOOD * 1000)[:-9], "ended before"),
        (gzip.compress(GOOD * 1000)[:-8] + b"\x00" * 8, "CRC check failed"),
        (gzip.compress(GOOD) + b"trailing", "Not a gzipped file"),
        (b"plain text", "Not a gzipped file"),
        (b"", "empty"),
    ],
    ids=["truncated", "corrupt", "trailing bytes", "not gzip", "empty"],
)
def test_a_file_that_cannot_be_read_is_reported_and_tried_again(
    dbt: Warehouse, capsys: pytest.CaptureFixture[str], content: bytes, reason: str
) -> None:
    dbt.land("good.ndjson.gz", [GOOD])
    bad = dbt.landing / "bad.ndjson.gz"
    bad.write_bytes(content)

    for _ in range(2):
        dbt.load()
        assert "bad.ndjson.gz" in capsys.readouterr().out
        ((source_file, why),) = dbt.rows("select source_file, reason from event_log.failed_files")
        assert (source_file, reason in why) == ("bad.ndjson.gz", True)
        assert accepted(dbt) == [GOOD.decode()]

    bad.write_bytes(gzip.compress(GOOD))
    dbt.load()
    assert accepted(dbt) == [GOOD.decode()] * 2
    assert dbt.rows("select * from event_log.failed_files") == []


RAW_TABLES = ("event_lines", "rejected_lines", "loaded_files", "failed_files")


def test_a_load_stopped_between_two_files_leaves_nothing_half_loaded(
    dbt: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    dbt.land("a.ndjson", [GOOD, b"cut"])
    dbt.land("b.ndjson", [GOOD])
    decompress = event_files.decompress

    def stop(path: str, content: bytes) -> bytes:
        if path.endswith("b.ndjson"):
            raise KeyboardInterrupt
        return decompress(path, content)

    monkeypatch.setattr(event_files, "decompress", stop)
    with pytest.raises(DbtError, match="KeyboardInterrupt"):
        dbt.load()
    for table in RAW_TABLES:
        assert dbt.rows(f"select * from event_log.{table}") == []

    monkeypatch.undo()
    dbt.load()
    assert accepted(dbt) == [GOOD.decode()] * 2


def test_a_load_stopped_after_writing_lines_takes_them_back(dbt: Warehouse) -> None:
    dbt.rows("create schema event_log")
    dbt.rows(
        "create table event_log.loaded_files ("
        " source_file varchar check (source_file != 'b.ndjson'), line_count bigint,"
        " rejected_count bigint, loaded_at timestamp)"
    )
    dbt.land("a.ndjson", [GOOD, b"cut"])
    dbt.land("b.ndjson", [GOOD])

    with pytest.raises(DbtError, match="CHECK constraint"):
        dbt.load()

    for table in RAW_TABLES:
        assert dbt.rows(f"select * from event_log.{table}") == []


def test_a_missing_landing_folder_says_what_to_do(dbt: Warehouse) -> None:
    dbt.landing.rmdir()
    with pytest.raises(DbtError, match=r"no landing folder .*landing_path"):
        dbt.load()
    assert dbt.rows("select * from event_log.event_lines") == []


def test_files_are_loaded_in_batches(dbt: Warehouse) -> None:
    for number in range(1100):
        dbt.land(f"{number:04}.ndjson", [GOOD])

    dbt.load()

    batches = "select loaded_at, count(*) from event_log.loaded_files group by all order by all"
    assert [count for _, count in dbt.rows(batches)] == [1000, 100]
    assert len(accepted(dbt)) == 1100


def test_only_event_files_are_listed(tmp_path: Path) -> None:
    for name in ("b.ndjson", "a/c.ndjson.gz", "a/c.json", "note.txt", "d.ndjson.gz.part"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    listed = event_files.list_event_files(str(tmp_path))
    assert listed == {
        "files": [
            {"source_file": "a/c.ndjson.gz", "byte_count": 0},
            {"source_file": "b.ndjson", "byte_count": 0},
        ]
    }

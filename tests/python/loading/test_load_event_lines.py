"""``dbt run-operation load_event_lines``: no line of any file is lost or taken twice."""

import gzip
import itertools
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fleet.warehouse import event_files
from fleet.warehouse.dbt_runner import DbtError
from fleet.warehouse.storage import StoredFile
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
    unpacked = event_files.unpacked

    def stop(file: StoredFile, content: bytes) -> bytes | None:
        if file.name == "b.ndjson":
            raise KeyboardInterrupt
        return unpacked(file, content)

    monkeypatch.setattr(event_files, "unpacked", stop)
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


def test_a_load_that_is_killed_and_run_again_is_as_one_load(
    tmp_path: Path,
    open_warehouse: Callable[[Path], Warehouse],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(event_files, "LOAD_FILES", 2)
    monkeypatch.setattr(event_files, "WHOLE_BYTES", 100)
    whole, killed = open_warehouse(tmp_path / "whole"), open_warehouse(tmp_path / "killed")
    for warehouse in (whole, killed):
        for number in range(7):
            line = b'{"number": %d}' % number
            warehouse.land(f"{number}.ndjson", [line, b"cut"] * (40 if number == 4 else 1))
        (warehouse.landing / "7.ndjson.gz").write_bytes(b"plain")

    # The calls of a function in the child: before lines are written, or after that and before the
    # files are recorded; in the first transaction and in later ones.
    for function, call in (("_part", 1), ("_ledger", 1), ("_ledger", 2), ("_part", 3)):
        with monkeypatch.context() as patch:
            patch.setattr(event_files, function, kill_at(call, getattr(event_files, function)))
            child = multiprocessing.get_context("fork").Process(target=killed.load)
            child.start()
            child.join()
        assert child.exitcode == -signal.SIGKILL
    killed.load()
    whole.load()

    for query in (
        "select payload::varchar, source_file from event_log.event_lines order by all",
        "select line, reason, source_file from event_log.rejected_lines order by all",
        "select source_file, line_count, rejected_count from event_log.loaded_files order by all",
        "select source_file, reason from event_log.failed_files",
    ):
        assert killed.rows(query) == whole.rows(query) != []


def kill_at(call: int, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, but its process is killed instead of one of its calls."""
    calls = itertools.count(1)

    def called(*arguments: Any) -> Any:
        if next(calls) == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments)

    return called


def test_files_are_loaded_a_share_at_a_time(
    dbt: Warehouse, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(event_files, "LOAD_FILES", 4)
    monkeypatch.setattr(event_files, "PART_FILES", 3)
    for number in range(6):
        dbt.land(f"{number}.ndjson", [b'{"number": %d}' % number] * 2)

    dbt.load()

    loads = "select loaded_at, count(*) from event_log.loaded_files group by all order by all"
    assert [count for _, count in dbt.rows(loads)] == [4, 2]
    assert accepted(dbt) == [f'{{"number": {number}}}' for number in range(6) for _ in range(2)]
    assert "4 files with 8 lines so far" in capsys.readouterr().out


def test_shares_are_cut_by_the_text_that_files_hold() -> None:
    files = [
        StoredFile(name, size, None, name)
        for name, size in (("a.ndjson", 30), ("b.ndjson.gz", 7), ("c.ndjson", 1), ("d.ndjson", 200))
    ]
    cut = [[file.name[0] for file in share] for share in event_files.shares(files, 100, 9)]
    assert cut == [["a", "b"], ["c"], ["d"]]
    assert list(event_files.shares([], 100, 9)) == []


def test_a_file_that_has_changed_is_read_again_whole(
    dbt: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    path = dbt.land("a.ndjson", [GOOD])
    dbt.land("b.ndjson", [GOOD])
    first = path.stat()
    dbt.load()
    assert "had changed" not in capsys.readouterr().out

    # Neither its bytes nor its time of access make a file another.
    path.write_bytes(b'{"event_id": "2"}' + b"\n")
    os.utime(path, ns=(0, first.st_mtime_ns))
    dbt.load()
    assert "No new event files" in capsys.readouterr().out

    with path.open("ab") as file:
        file.write(GOOD + b"\n")
    os.utime(path, ns=(0, first.st_mtime_ns))
    dbt.load()
    grown = capsys.readouterr().out
    assert "Loaded 1 new file with 2 lines" in grown
    assert "1 file had changed since an earlier load" in grown

    os.utime(path, ns=(0, first.st_mtime_ns + 1000))
    dbt.load()
    assert "1 file had changed" in capsys.readouterr().out

    assert dbt.rows(
        "select line_count, byte_count, epoch_us(modified_at) from event_log.loaded_files"
        " where source_file = 'a.ndjson' order by loaded_at"
    ) == [
        (1, 18, first.st_mtime_ns // 1000),
        (2, 36, first.st_mtime_ns // 1000),
        (2, 36, first.st_mtime_ns // 1000 + 1),
    ]
    assert dbt.rows(
        "select count(*), count(distinct loaded_at) from event_log.event_lines"
        " where source_file = 'a.ndjson'"
    ) == [(5, 3)]
    dbt.load()
    assert "No new event files" in capsys.readouterr().out


def test_files_that_an_older_version_loaded_are_known_by_their_names(
    dbt: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    dbt.land("old.ndjson", [GOOD])
    dbt.load()
    dbt.rows("alter table event_log.loaded_files drop column byte_count")
    dbt.rows("alter table event_log.loaded_files drop column modified_at")
    dbt.land("old.ndjson", [GOOD, GOOD])
    dbt.land("new.ndjson", [GOOD])
    capsys.readouterr()

    dbt.load()

    assert "Loaded 1 new file with 1 line " in capsys.readouterr().out
    assert dbt.rows(
        "select source_file, byte_count from event_log.loaded_files order by loaded_at"
    ) == [("old.ndjson", None), ("new.ndjson", 18)]


def test_a_large_file_is_loaded_as_a_small_one(
    tmp_path: Path,
    open_warehouse: Callable[[Path], Warehouse],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    small, large = open_warehouse(tmp_path / "small"), open_warehouse(tmp_path / "large")
    lines = [b'{"number": %d}' % number if number % 7 else b"[1]\xff" for number in range(300)]
    text = b"\n".join(lines)
    wrapped = b"".join(b'{"line": "%d", "reason": "too_large"}\n' % n for n in range(30))
    for warehouse in (small, large):
        (warehouse.landing / "rejects/v1").mkdir(parents=True)
        for name, content in {
            "a.ndjson": text,
            "b.ndjson.gz": gzip.compress(text),
            "c.ndjson.gz": gzip.compress(text[:1500]) + gzip.compress(text[1500:]),
            "cut.ndjson.gz": gzip.compress(text)[:-9],
            "rejects/v1/d.ndjson": wrapped,
        }.items():
            (warehouse.landing / name).write_bytes(content)
    small.load()
    expected = capsys.readouterr().out
    assert "Loaded 4 new files with 930 lines" in expected

    monkeypatch.setattr(event_files, "WHOLE_BYTES", 64)
    monkeypatch.setattr(event_files, "PART_BYTES", 100)
    large.load()

    assert capsys.readouterr().out == expected.replace(str(small.landing), str(large.landing))
    for query in (
        "select source_file, payload::varchar from event_log.event_lines order by 1, rowid",
        "select source_file, reason, line from event_log.rejected_lines order by 1, rowid",
        "select * exclude (loaded_at, modified_at) from event_log.loaded_files order by 1",
        "select source_file, reason from event_log.failed_files",
    ):
        assert large.rows(query) == small.rows(query) != []


def test_text_without_bound_is_a_fault_of_its_file(
    dbt: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_files, "PART_BYTES", 1000)
    monkeypatch.setattr(event_files, "LONGEST_LINE", 5000)
    monkeypatch.setattr(event_files, "MOST_BYTES", 20_000)
    dbt.land("line.ndjson.gz", [b"{" * 10_000])
    dbt.land("text.ndjson.gz", [b"{}"] * 10_000)
    dbt.land("good.ndjson.gz", [b"{}"] * 5_000)

    dbt.load()

    assert dbt.rows("select count(*) from event_log.event_lines") == [(5_000,)]
    assert dbt.rows("select source_file, reason from event_log.failed_files order by 1") == [
        ("line.ndjson.gz", "it has a line of more than 5,000 bytes"),
        ("text.ndjson.gz", "it unpacks to more than 20,000 bytes"),
    ]


def test_only_event_files_are_listed(tmp_path: Path) -> None:
    names = ("b.ndjson", "a/c.ndjson.gz", "a/c.json", "note.txt", "d.ndjson.gz.part", "e.ndjson/f")
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    os.mkfifo(tmp_path / "pipe.ndjson")
    (tmp_path / "nowhere.ndjson").symlink_to("nothing")
    (tmp_path / "link.ndjson").symlink_to("b.ndjson")
    (tmp_path / "circle").symlink_to(".")

    files = event_files.Reader(str(tmp_path)).find()

    assert [file.name for file in files] == ["a/c.ndjson.gz", "b.ndjson", "link.ndjson"]


def test_odd_names_are_escaped_and_read(dbt: Warehouse, capsys: pytest.CaptureFixture[str]) -> None:
    names = (b"\xff.ndjson", b"new\nline.ndjson", b"\x1b[31m.ndjson.gz", b"\xc3\xa9 %2F*?.ndjson")
    for name in names:
        (dbt.landing / os.fsdecode(name)).write_bytes(GOOD + b"\n")

    dbt.load()

    assert dbt.rows("select source_file from event_log.loaded_files order by 1") == [
        (r"\xff.ndjson",),
        (r"new\nline.ndjson",),
        ("é %2F*?.ndjson",),
    ]
    assert r"/\x1b[31m.ndjson.gz: Not a gzipped file" in capsys.readouterr().out
    dbt.load()
    assert "Loaded 0 new files" in capsys.readouterr().out

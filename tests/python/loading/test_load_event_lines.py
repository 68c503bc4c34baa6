"""``dbt run-operation load_event_lines``: no line of any file is lost or taken twice."""

import ast
import contextlib
import errno
import gzip
import itertools
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from fleet.warehouse import event_files
from fleet.warehouse.dbt_runner import DbtError
from fleet.warehouse.storage import Folder, Listing, StorageError, StoredFile
from tests.python.conftest import Warehouse, forked

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
        b'{"a": 1, "a": 1}': ('{"a": 1, "a": 1}', "malformed"),
        b'{"a":[{"b":{"c":1,"\\u0063":2}}]}': ('{"a":[{"b":{"c":1,"\\u0063":2}}]}', "malformed"),
        b"[" * 100_000: ("[" * 100_000, "malformed"),
        b"[1, 2]": ("[1, 2]", "not_an_object"),
        b'"text"': ('"text"', "not_an_object"),
        b" null ": (" null ", "not_an_object"),
        b"12": ("12", "not_an_object"),
    }
    taken = [
        GOOD,
        b' {"space": 1}\t',
        b'{"a": {"b": 1}, "b": [{"a": 1}, {"a": 1}], "A": 1, "": 1}',
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


@pytest.mark.parametrize("table", ["event_lines", "rejected_lines", "loaded_files"])
def test_a_load_is_later_than_every_line_and_file_before_it(dbt: Warehouse, table: str) -> None:
    dbt.land("a.ndjson", [GOOD, b"cut"])
    dbt.load()
    dbt.rows(f"update event_log.{table} set loaded_at = '2999-01-01'")
    dbt.land("b.ndjson", [GOOD])
    dbt.load()
    assert dbt.rows(
        "select loaded_at > '2999-01-01' from event_log.event_lines where source_file = 'b.ndjson'"
    ) == [(True,)]


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


RAW_ROWS = (
    "select payload::varchar, source_file from event_log.event_lines order by all",
    "select line, reason, source_file from event_log.rejected_lines order by all",
    "select source_file, line_count, rejected_count from event_log.loaded_files order by all",
    "select source_file, reason from event_log.failed_files",
)


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
            child = forked(killed.load)
            child.start()
            child.join()
        assert child.exitcode == -signal.SIGKILL
    killed.load()
    whole.load()

    for query in RAW_ROWS:
        assert killed.rows(query) == whole.rows(query) != []


def test_loads_that_are_killed_at_30_random_moments_are_as_one_load(
    tmp_path: Path,
    open_warehouse: Callable[[Path], Warehouse],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every load has files that are new, and some that those before it did not come to."""
    # Several small transactions, and files of one part and of several.
    monkeypatch.setattr(event_files, "LOAD_FILES", 2)
    monkeypatch.setattr(event_files, "WHOLE_BYTES", 5000)
    monkeypatch.setattr(event_files, "PART_BYTES", 2000)
    whole, killed = open_warehouse(tmp_path / "whole"), open_warehouse(tmp_path / "killed")

    def land(load: int) -> None:
        for number in range(8):
            lines = [b'{"of":"%d.%d","line":%d}' % (load, number, line) for line in range(200)]
            name = f"{load}/{number}.ndjson{'.gz' if number % 2 else ''}"
            for warehouse in (whole, killed):
                warehouse.land(name, [*lines[: 10 + 20 * number], b"cut", b"[]"])
        for warehouse in (whole, killed):
            (warehouse.landing / f"{load}/bad.ndjson.gz").write_bytes(b"plain")

    land(0)
    began = time.monotonic()
    whole.load()
    seconds = time.monotonic() - began
    killed.load()

    random_moments = random.Random(15)
    complete = set()
    for load in range(1, 31):
        land(load)
        child = forked(killed.load)
        child.start()
        child.join(random_moments.uniform(0, seconds))
        child.kill()
        child.join()
        complete.add(child.exitcode == 0)
        # What is there of a file is all of it.
        assert killed.rows(LINES_OF_FILES) == killed.rows(LOADED)
    assert False in complete
    killed.load()
    whole.load()

    for query in RAW_ROWS:
        assert killed.rows(query) == whole.rows(query) != []


LINES_OF_FILES = """
select source_file, loaded_at, count(*), count(reason)
from (
    select source_file, loaded_at, null as reason from event_log.event_lines
    union all
    select source_file, loaded_at, reason from event_log.rejected_lines
)
group by all
order by all
"""
LOADED = """
select source_file, loaded_at, line_count, rejected_count from event_log.loaded_files order by all
"""


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
        StoredFile(name, size, None, None, name)
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
    assert "Changed" not in capsys.readouterr().out

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
    assert "Changed since an earlier load, so read again whole: 1 file (a.ndjson)." in grown

    os.utime(path, ns=(0, first.st_mtime_ns + 1000))
    dbt.load()
    assert "read again whole: 1 file (a.ndjson)." in capsys.readouterr().out

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


def test_what_is_no_event_file_is_passed_over_and_named(
    dbt: Warehouse, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for name in ("b.ndjson", "a/c.ndjson.gz", "e.ndjson.gz/f.ndjson"):
        dbt.land(name, [GOOD])
    for name in ("Z.NDJSON", "a/c.json", "d.ndjson.gz.part", "x.log.gz", "e.ndjson.gz/g"):
        (dbt.landing / name).touch()
    os.mkfifo(dbt.landing / "pipe.ndjson")
    # The path of a socket is short.
    with socket.socket(socket.AF_UNIX) as server, contextlib.chdir(dbt.landing):
        server.bind("socket.ndjson.gz")
    (tmp_path / "elsewhere").mkdir()
    for name, target in {
        "link.ndjson": "b.ndjson",
        "nowhere.ndjson": "nothing",
        "zeros.ndjson": "/dev/zero",
        "circle": ".",
        "linked.ndjson": str(tmp_path / "elsewhere"),
    }.items():
        (dbt.landing / name).symlink_to(target)

    dbt.load()

    assert dbt.rows("select source_file from event_log.loaded_files order by 1") == [
        ("a/c.ndjson.gz",),
        ("b.ndjson",),
        ("e.ndjson.gz/f.ndjson",),
        ("link.ndjson",),
    ]
    assert dbt.rows("select * from event_log.failed_files") == []
    assert capsys.readouterr().out.splitlines()[:-1] == [
        "Passed over, being a link to a folder: 2 files (circle, linked.ndjson).",
        "Passed over, being a link to nothing: 1 file (nowhere.ndjson).",
        "Passed over, being a name that does not end in .ndjson or .ndjson.gz: 5 files"
        " (Z.NDJSON, a/c.json, d.ndjson.gz.part, …).",
        "Passed over, being a pipe, a socket or a device: 3 files"
        " (pipe.ndjson, socket.ndjson.gz, zeros.ndjson).",
    ]


def test_what_cannot_be_opened_is_a_fault_of_its_own(
    dbt: Warehouse, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may read anything, so who may not is played."""
    for name in ("good.ndjson", "secret.ndjson", "vault/a.ndjson", "blind/b.ndjson"):
        dbt.land(name, [GOOD])
    (dbt.landing / "loop.ndjson").symlink_to("loop.ndjson")
    (dbt.landing / "gone.ndjson").touch()
    (dbt.landing / "swapped.ndjson").touch()

    def refused(path: Any, parts: tuple[str, ...]) -> None:
        if str(path).endswith(parts):
            raise PermissionError(errno.EACCES, "Permission denied")

    scan, opened, find = os.scandir, os.open, event_files.Reader.find

    def scandir(path: Any) -> Any:
        refused(path, ("vault",))
        entries = list(scan(path))
        if str(path).endswith("blind"):
            entry = mock.Mock(wraps=entries[0], path=f"{path}/b.ndjson")
            entry.name = "b.ndjson"
            entry.stat.side_effect = PermissionError(errno.EACCES, "Permission denied")
            return [entry]
        return entries

    def open_file(path: Any, *arguments: Any) -> int:
        refused(path, ("secret.ndjson", "vault", "blind/b.ndjson"))
        return opened(path, *arguments)

    def find_and_lose(reader: event_files.Reader) -> Listing:
        found = find(reader)
        (dbt.landing / "gone.ndjson").unlink()
        (dbt.landing / "swapped.ndjson").unlink()
        os.mkfifo(dbt.landing / "swapped.ndjson")
        return found

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", scandir)
        patch.setattr(os, "open", open_file)
        patch.setattr(event_files.Reader, "find", find_and_lose)
        dbt.load()
    assert accepted(dbt) == [GOOD.decode()]
    assert dbt.rows("select source_file, reason from event_log.failed_files order by 1") == [
        ("blind/b.ndjson", "Permission denied"),
        ("gone.ndjson", "No such file or directory"),
        ("loop.ndjson", "Too many levels of symbolic links"),
        ("secret.ndjson", "Permission denied"),
        ("swapped.ndjson", "it is no regular file"),
        ("vault/", "Permission denied"),
    ]
    assert "/vault/: Permission denied. The next load tries it again." in capsys.readouterr().out

    dbt.load()
    assert accepted(dbt) == [GOOD.decode()] * 4
    assert dbt.rows("select source_file from event_log.failed_files order by 1") == [
        ("gone.ndjson",),
        ("loop.ndjson",),
        ("swapped.ndjson",),
    ]


def test_a_landing_folder_that_may_not_be_listed_says_what_to_do(
    dbt: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(
            os, "scandir", mock.Mock(side_effect=PermissionError(13, "Permission denied"))
        )
        with pytest.raises(
            DbtError, match=r"cannot be listed \(Permission denied\): give the user"
        ):
            dbt.load()


def test_a_young_file_of_a_folder_is_left_to_a_later_load(
    dbt: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    now = time.time()
    for name, age in (("old", 61), ("new", 1), ("ahead", -3600), ("just", 0)):
        os.utime(dbt.land(f"{name}.ndjson", [GOOD]), (now - age, now - age))

    def load(**variables: Any) -> list[str]:
        dbt("run-operation", "load_event_lines", **variables)
        return [name for (name,) in dbt.rows("select source_file from event_log.loaded_files")]

    assert load(file_settle_seconds=60) == ["ahead.ndjson", "old.ndjson"]
    assert (
        "Modified less than 60 s ago, so left to a later load: 2 files (just.ndjson, new.ndjson)."
        in capsys.readouterr().out
    )
    assert load(file_settle_seconds=60) == ["ahead.ndjson", "old.ndjson"]
    assert "No new event files" in capsys.readouterr().out

    with (dbt.landing / "old.ndjson").open("ab") as file:
        file.write(GOOD + b"\n")
    assert len(load(file_settle_seconds=60)) == 2
    assert "left to a later load: 3 files" in capsys.readouterr().out
    os.utime(dbt.landing / "old.ndjson", (now - 60, now - 60))
    assert len(load(file_settle_seconds=60)) == 3
    assert "read again whole: 1 file (old.ndjson)." in capsys.readouterr().out
    assert len(load(file_settle_seconds=0)) == 5

    with pytest.raises(DbtError, match="file_settle_seconds is soon; set it to a number of at"):
        load(file_settle_seconds="soon")


@pytest.mark.parametrize("text", [b"\x00", b"\n", b"{}\n"], ids=["NULs", "blank lines", "objects"])
def test_two_gigabytes_in_a_small_gzip_take_little_memory(tmp_path: Path, text: bytes) -> None:
    """In a process of its own that may have a gigabyte."""
    block = gzip.compress(text * ((1 << 24) // len(text)), compresslevel=9)
    # Members one after the other are one gzip file.
    (tmp_path / "large.ndjson.gz").write_bytes(block * (1 if text == b"{}\n" else 128))
    (tmp_path / "good.ndjson").write_bytes(GOOD + b"\n")
    program = f"""
import resource
from concurrent.futures import ThreadPoolExecutor
from fleet.warehouse.event_files import Reader
resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, 1 << 30))
reader = Reader({str(tmp_path)!r})
with ThreadPoolExecutor(2) as threads:
    read = [entry for part in reader.parts(reader.find().files, threads) for entry in part.read]
print([(entry.file.name, entry.line_count, entry.fault) for entry in read])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    expected = {
        b"\x00": (0, "it has a line of more than 67,108,864 bytes"),
        b"\n": (0, "more than 1,048,576 of its lines are no JSON objects"),
        b"{}\n": ((1 << 24) // 3, None),
    }[text]
    assert ast.literal_eval(done.stdout) == [
        ("good.ndjson", 1, None),
        ("large.ndjson.gz", *expected),
    ]


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


def test_listings_that_omit_repeat_or_fail_lose_and_double_nothing(dbt: Warehouse) -> None:
    names = [f"{number}.ndjson" for number in range(6)]
    for name in names:
        dbt.land(name, [f'{{"event_id": "{name}"}}'.encode()])
    whole = Folder.find
    chance = random.Random(17)

    def omitting(folder: Folder, endings: tuple[str, ...]) -> Listing:
        found = whole(folder, endings)
        return found._replace(files=[file for file in found.files if chance.random() < 0.4])

    def repeating(folder: Folder, endings: tuple[str, ...]) -> Listing:
        found = whole(folder, endings)
        changed = [file._replace(byte_count=file.byte_count + 1) for file in found.files]
        return found._replace(files=sorted([*found.files, *changed]))

    def failing(folder: Folder, endings: tuple[str, ...]) -> Listing:
        raise StorageError("Input/output error")

    for find in (omitting, failing, omitting, repeating, whole, whole):
        with mock.patch.object(Folder, "find", find):
            if find is failing:
                with pytest.raises(DbtError, match="cannot be listed"):
                    dbt.load()
            else:
                dbt.load()
    # A file of which the listing told another size was read again, whole, and is the same.
    held = dbt.rows(
        "select source_file, count(distinct payload::varchar) from event_log.event_lines"
        " group by 1 order by 1"
    )
    assert held == [(name, 1) for name in names]
    loads = dbt.rows(
        "select source_file, loaded_at, count(*) from event_log.event_lines group by all"
    )
    assert {count for _, _, count in loads} == {1}

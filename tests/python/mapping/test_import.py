"""What an import writes: whole files, each line in one place, the same bytes every time."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner

from fleet.cli import main
from fleet.mapping import importer as importer_module
from fleet.mapping.importer import Counts, Importer, import_log
from fleet.mapping.loader import Mapping
from fleet.mapping.program import map_program
from fleet.mapping.sources import LogError, find, find_logs, read_lines
from fleet.registry import Registry
from fleet.warehouse.event_lines import check
from tests.python.conftest import ROOT
from tests.python.mapping.conftest import LINE, PICKUP, import_killed

Load = Callable[..., Mapping]
Import = Callable[..., Counts]
WORLD = [
    LINE | {"wait": 5},
    LINE | {"wait": 5},
    LINE | {"wait": "no number"},
    {"msg": "something else"},
    "plain text",
    "",
    '[{"a": 1}]',
    "[{main}] started",
    '{"cut": ',
    LINE | {"wait": 7, "r": "9"},
]


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def lines_of(folder: Path, kind: str) -> list[Any]:
    (path,) = [path for path in folder.rglob("*.gz") if f"/{kind}/" in str(path)]
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def test_each_line_is_in_one_place(mapping_of: Load, import_lines: Import, tmp_path: Path) -> None:
    counts = import_lines(mapping_of(), WORLD)
    assert counts.lines == counts.accounted == len(WORLD)
    assert (counts.mapped, counts.unmatched, counts.blank) == ({"pickup": 3}, 3, 1)
    assert counts.refused == {
        "bad_type (delivery.pickup_completed, wait_s)": 1,
        "malformed": 1,
        "not_an_object": 1,
    }

    landing = tmp_path / "landing"
    assert len(lines_of(landing, "events")) == 3
    rejects = {(r["line"], r["reason"]) for r in lines_of(landing, "rejects")}
    assert rejects == {
        (json.dumps(WORLD[2]), "bad_type"),
        ('{"cut": ', "malformed"),
        ('[{"a": 1}]', "not_an_object"),
    }
    (kept,) = (landing / "import").rglob("*.log.gz")
    assert gzip.decompress(kept.read_bytes()).decode().splitlines() == [
        json.dumps(WORLD[3]),
        WORLD[4],
        WORLD[7],
    ]
    # The loader takes what was written, each file for what it is.
    for path in landing.rglob("*.ndjson.gz"):
        loaded = check(gzip.decompress(path.read_bytes()), wrapped="/rejects/v1/" in str(path))
        assert {reason for _, reason in loaded.rejected} <= {
            "bad_type",
            "malformed",
            "not_an_object",
        }
        assert (len(loaded.rejected) == 0) == ("/events/" in str(path))


def test_the_same_line_has_the_same_id(
    mapping_of: Load, import_lines: Import, tmp_path: Path
) -> None:
    import_lines(mapping_of(line={"occurred_at": "t", "host": "r"}), WORLD)
    events = lines_of(tmp_path / "landing", "events")
    ids = [event["event_id"] for event in events]
    assert ids[0] == ids[1] != ids[2]
    assert [len(one) for one in ids] == [40] * 3
    # The same line in a file of another name, of the same host.
    import_lines(mapping_of(line={"occurred_at": "t", "host": "r"}), WORLD[:1], "b.log")
    (other,) = [p for p in (tmp_path / "landing/events").rglob("*.gz") if "b.log" in p.name]
    event = json.loads(gzip.decompress(other.read_bytes()))
    assert event["event_id"] == ids[0]
    assert event["emitter_id"] != events[0]["emitter_id"]
    # Without a host the file is who logged it.
    import_lines(mapping_of(), WORLD[:1], "b.log")
    event = json.loads(gzip.decompress(other.read_bytes()))
    assert event["emitter_id"].startswith("test_logs/b.log/")
    assert event["event_id"] != ids[0]


def test_lines_in_order_are_numbered_by_emitter(
    mapping_of: Load, import_lines: Import, tmp_path: Path
) -> None:
    mapping = mapping_of(line={"occurred_at": "t", "host": "r", "in_order": True})
    import_lines(mapping, WORLD)
    numbers = [(e["robot_id"], e["seq"]) for e in lines_of(tmp_path / "landing", "events")]
    assert numbers == [("R-3", 1), ("R-3", 2), ("R-9", 1)]


def test_an_event_among_the_lines_stays_as_it_is(
    mapping_of: Load, import_lines: Import, tmp_path: Path, registry: Registry
) -> None:
    from fleet.registry.targets.lines import example_line

    event = example_line(registry.by_name["robot.heartbeat"], registry)
    counts = import_lines(mapping_of(), [event, event | {"robot_id": "42"}])
    assert (counts.events_already, counts.accounted) == (1, 2)
    assert lines_of(tmp_path / "landing", "events") == [event]
    assert lines_of(tmp_path / "landing", "rejects")[0]["reason"] == "bad_value"


def test_history_says_from_when_on_its_times_are_believed(
    mapping_of: Load, import_lines: Import, tmp_path: Path, registry: Registry
) -> None:
    mapping = mapping_of(line={"occurred_at": "t", "earliest_credible_at": date(2016, 3, 1)})
    already = {"evt": {"name": "robot.heartbeat"}, "occurred_at": "2016-05-01T00:00:00Z"}
    already |= {"robot_id": "R-1", "data": {"state": "available"}}
    import_lines(mapping, [LINE | {"wait": 5}, already])
    mapped, own = lines_of(tmp_path / "landing", "events")
    assert mapped["earliest_credible_at"] == "2016-03-01T00:00:00.000000Z"
    assert own == already
    # Live lines go by the var.
    assert "earliest_credible_at" not in map_program(mapping, registry)


def test_events_that_would_lie_at_the_load_are_told_before_it(
    mapping_of: Load, tmp_path: Path
) -> None:
    log = tmp_path / "old.log"
    log.write_text(json.dumps(LINE | {"wait": 5, "t": "2016-05-01T00:00:00Z"}), "utf-8")
    for day, is_told in ((None, True), (date(2016, 5, 2), True), (date(2016, 5, 1), False)):
        mapping = mapping_of(
            line={"occurred_at": "t"} | ({"earliest_credible_at": day} if day else {})
        )
        words = ["import", str(log), "--mapping", mapping.file, "--out", str(tmp_path / "out")]
        done = CliRunner().invoke(main, words, env={"FLEET_PROJECT_DIR": str(ROOT)})
        assert done.exit_code == 0, done.output
        assert ("The first event is of 2016-05-01, before" in done.output) == is_told


def test_importing_again_changes_nothing_and_a_new_mapping_all(
    mapping_of: Load, import_lines: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    landing = tmp_path / "landing"
    first = import_lines(mapping_of(), WORLD)
    made = files(landing)
    times = {path: path.stat().st_mtime_ns for path in landing.rglob("*.gz")}

    with monkeypatch.context() as patch:
        patch.setattr(importer_module, "read_lines", None)  # nothing is read
        log = find_logs([str(tmp_path / "logs")])[0]
        importer = Importer(mapping_of(), first_registry(), ROOT)
        assert import_log(importer, log, str(landing)) == first
    for path in (landing / "import").rglob("*.json"):
        path.unlink()
    assert import_lines(mapping_of(), WORLD) == first
    again = files(landing)
    ledger = {name for name in made if name.endswith(".json")}
    assert {name: made[name] for name in made.keys() - ledger} == {
        name: again[name] for name in again.keys() - ledger
    }
    # A loader would read a file again that was written again.
    assert {path: path.stat().st_mtime_ns for path in landing.rglob("*.gz")} == times

    all_refused = mapping_of([PICKUP | {"fields": {"wait_s": {"const": -1}}}])
    assert import_lines(all_refused, WORLD).mapped == {}
    assert not list((landing / "events").rglob("*.gz"))


def first_registry() -> Registry:
    from fleet.registry import load_registry

    return load_registry(ROOT)


def test_an_import_that_was_killed_goes_on_and_gives_the_same_files(
    mapping_of: Load, import_lines: Import, tmp_path: Path, registry: Registry
) -> None:
    mapping = mapping_of()
    import_lines(mapping, WORLD)
    whole = files(tmp_path / "landing")
    killed = tmp_path / "killed"
    import_killed(mapping, tmp_path / "logs", killed)
    half = files(killed)
    assert 0 < len(half) < len(whole)
    assert {name for name in half if name.endswith(".ndjson.gz")} < whole.keys()

    importer = Importer(mapping, registry, ROOT)
    for log in find_logs([str(tmp_path / "logs")]):
        import_log(importer, log, str(killed))
    assert {n: c for n, c in files(killed).items() if not n.endswith(".part")} == whole


# The first of several processes dies when one of the others has done a log.
KILLED_AT_THE_FIRST_LOG = """
import os, signal, sys
from fleet.cli import main
from fleet.mapping import command

os.cpu_count = lambda: 2
command._Advance.__call__ = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
main(sys.argv[1:])
"""


def test_no_process_outlives_an_import_that_was_killed(mapping_of: Load, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    for name in ("a.log", "b.log", "c.log"):
        (tmp_path / "logs" / name).write_text(json.dumps(LINE | {"wait": 5}), "utf-8")
    words = ["import", "logs", "--mapping", mapping_of().file, "--out", "landing"]
    with subprocess.Popen(
        [sys.executable, "-c", KILLED_AT_THE_FIRST_LOG, *words],
        cwd=tmp_path,
        env=os.environ | {"FLEET_PROJECT_DIR": str(ROOT)},
        stdout=subprocess.PIPE,
    ) as process:
        # The pipe is at its end once every process that could write into it is gone.
        process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert list((tmp_path / "landing/import").rglob("*.json"))


def test_packed_logs_and_tables_are_read(tmp_path: Path) -> None:
    text = b'{"a": 1}\r\n{"a": 2}\n'
    (tmp_path / "a.log.gz").write_bytes(gzip.compress(text))
    with pa.CompressedOutputStream(str(tmp_path / "b.jsonl.zst"), "zstd") as packed:
        packed.write(text)
    # Two logs, one behind the other; what is not what its name says; a mark of UTF-8.
    (tmp_path / "a.log.1").write_bytes(gzip.compress(text[:10]) + gzip.compress(text[10:]))
    (tmp_path / "a.log-20261102.gz").write_bytes(b"\xef\xbb\xbf" + text)
    (tmp_path / "c.csv").write_bytes(b'\xef\xbb\xbfa,b\r\n1,"x\r\ny"\r\n\r\n2\r\n3,\xff\r\n')
    (tmp_path / "d.csv").write_bytes(b'\n a ;a;\n1,5;2;3\n4;"5;6\n7;8;9\n')
    (tmp_path / "d.bin").write_bytes(b"no log")
    found = find([str(tmp_path)])
    logs = {log.name: log for log in found.logs}
    lines = ["a.log-20261102.gz", "a.log.1", "a.log.gz", "b.jsonl.zst"]
    assert (sorted(logs), found.passed_over) == ([*lines, "c.csv", "d.csv"], ["d.bin"])
    for name in lines:
        assert [*chain.from_iterable(read_lines(logs[name], "json"))] == [
            b'{"a": 1}\r',
            b'{"a": 2}',
        ]
    assert [*chain.from_iterable(read_lines(logs["c.csv"], "csv"))] == [
        b'{"a":"1","b":"x\\r\\ny"}',
        b"2",
        rb'{"a":"3","b":"\\xff"}',
    ]
    # The quote that is not closed takes in what is behind it, and stays one line.
    assert [*chain.from_iterable(read_lines(logs["d.csv"], "csv"))] == [
        b'{"a":"1,5","a_2":"2","column_3":"3"}',
        rb'4;"5;6\n7;8;9\n"',
    ]
    for kind, names in (("csv", [*lines[:3], "c.csv", "d.csv"]), ("json", lines)):
        assert [log.name for log in find([str(tmp_path)], kind).logs] == names


def test_what_cannot_be_read_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.log.gz").write_bytes(gzip.compress(b"x\n" * 1000)[:-9])
    (log,) = find_logs([str(tmp_path)])
    with pytest.raises(LogError, match=r"^a\.log\.gz cannot be read \(.+\)\.$"):
        list(read_lines(log, "json"))
    with pytest.raises(LogError, match="There is no log file or folder nowhere"):
        find_logs(["nowhere"])
    (tmp_path / "b").mkdir()
    (tmp_path / "b/a.log.gz").write_bytes("\ufeff{}".encode("utf-16-le"))
    with pytest.raises(LogError, match=r"a\.log\.gz cannot be read \(it is in UTF-16: "):
        list(read_lines(find_logs([str(tmp_path / "b")])[0], "json"))
    with pytest.raises(LogError, match="both have a log"):
        find_logs([str(tmp_path / "a.log.gz"), str(tmp_path / "b/a.log.gz")])
    (tmp_path / "empty").mkdir()
    with pytest.raises(LogError, match="has no log files"):
        find_logs([str(tmp_path / "empty")])
    (tmp_path / "empty/a.csv").touch()
    with pytest.raises(LogError, match="holds tables alone: say `format: csv` in the mapping"):
        find([str(tmp_path / "empty")], "json")


def test_no_log_stands_in_the_way_or_in_the_place_of_another(
    mapping_of: Load, tmp_path: Path
) -> None:
    def run(logs: Path, out: str = "landing") -> str:
        words = ["import", str(logs), "--mapping", mapping_of().file, "--out", str(tmp_path / out)]
        done = CliRunner().invoke(main, words, env={"FLEET_PROJECT_DIR": str(ROOT)})
        assert isinstance(done.exception, SystemExit), done.output
        return done.output

    for year, number in (("2025", 5), ("2026", 6)):
        (tmp_path / year).mkdir()
        line = json.dumps(LINE | {"wait": number})
        (tmp_path / year / "b.log").write_text(line, "utf-8")
    (tmp_path / "2025/a.log").write_bytes(gzip.compress(b"x")[:-9])
    said = run(tmp_path / "2025")
    assert "1 lines gave 1 events." in said
    assert "Error: a.log cannot be read (" in said

    # Another log of the same name does not take the place of the events of the first.
    before = files(tmp_path / "landing")
    assert f"another b.log already, of {tmp_path}/2025/b.log: name " in run(tmp_path / "2026")
    assert files(tmp_path / "landing") == before
    assert "so the next import would read what this one wrote" in run(tmp_path / "2026", "2026/out")
    assert not (tmp_path / "2026/out").exists()


def test_logs_and_landing_may_be_in_s3(bucket: Any, tmp_path: Path) -> None:
    for number in (1, 2):
        log = ROOT / "examples/service_logs/log/service.log"
        bucket.upload_file(str(log), f"logs/{number}/service.log")
    (tmp_path / "logs").mkdir()
    url = f"s3://{bucket.name}"
    words = ["import", f"{url}/logs", "--mapping", "service_logs", "--out", f"{url}/landing"]
    done = CliRunner().invoke(main, words, env={"FLEET_PROJECT_DIR": str(ROOT)})
    assert done.exit_code == 0, done.output
    assert "78 lines gave 50 events." in done.output
    assert "Lines unaccounted for: 0." in done.output
    keys = [entry.key for entry in bucket.objects.filter(Prefix="landing/")]
    assert sum(key.startswith("landing/events/v1/import=service_logs/") for key in keys) == 2
    assert CliRunner().invoke(main, words, env={"FLEET_PROJECT_DIR": str(ROOT)}).exit_code == 0

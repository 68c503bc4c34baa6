"""``dbt run-operation load_event_lines`` from S3: the same ledger as for files."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from click.testing import CliRunner

from fleet.simulator.command import simulate
from fleet.warehouse import event_files, storage
from fleet.warehouse.dbt_runner import DbtError
from fleet.warehouse.storage import Listing
from tests.python.conftest import ROOT, Warehouse

GOOD = b'{"event_id": "1"}'
LOADED = "select source_file, line_count, rejected_count from event_log.loaded_files order by 1"


def load(dbt: Warehouse, bucket: Any, prefix: str = "") -> None:
    dbt("run-operation", "load_event_lines", landing_path=f"s3://{bucket.name}{prefix}")


def put(bucket: Any, key: str, *lines: bytes, **options: str) -> None:
    body = b"".join(line + b"\n" for line in lines)
    bucket.put_object(Key=key, Body=gzip.compress(body) if key.endswith(".gz") else body, **options)


def test_each_object_is_loaded_once(
    dbt: Warehouse, bucket: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    # Vector's objects say that they are gzipped, which makes some clients unpack them unasked.
    put(bucket, "lake/a/1.ndjson.gz", GOOD, b"cut", ContentEncoding="gzip")
    put(bucket, "lake/a/2.ndjson", GOOD)
    put(bucket, "lake/note.txt", b"no events")
    put(bucket, "lake-of-others/3.ndjson", GOOD)
    load(dbt, bucket, "/lake/")
    assert "Loaded 2 new files with 3 lines" in capsys.readouterr().out
    assert dbt.rows(LOADED) == [("a/1.ndjson.gz", 2, 1), ("a/2.ndjson", 1, 0)]
    assert dbt.rows("select line, reason from event_log.rejected_lines") == [("cut", "malformed")]

    load(dbt, bucket, "/lake")
    assert "No new event files" in capsys.readouterr().out

    put(bucket, "lake/b/4.ndjson.gz", GOOD, GOOD)
    load(dbt, bucket, "/lake")
    assert "Loaded 1 new file with 2 lines" in capsys.readouterr().out
    assert dbt.rows("select count(*) from event_log.event_lines") == [(4,)]


def test_an_object_that_cannot_be_read_is_reported_and_tried_again(
    dbt: Warehouse,
    bucket: Any,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(bucket, "bad.ndjson.gz", GOOD)
    bucket.put_object(Key="cut.ndjson.gz", Body=gzip.compress(GOOD * 1000)[:-9])
    put(bucket, "good.ndjson.gz", GOOD)
    find = event_files.Reader.find

    def find_and_lose(reader: event_files.Reader) -> Listing:
        found = find(reader)
        bucket.Object("bad.ndjson.gz").delete()
        return found

    with monkeypatch.context() as patch:
        patch.setattr(event_files.Reader, "find", find_and_lose)
        load(dbt, bucket)
    assert f"Could not read s3://{bucket.name}/bad.ndjson.gz" in capsys.readouterr().out
    failed = dict(dbt.rows("select source_file, reason from event_log.failed_files"))
    assert "key does not exist" in failed["bad.ndjson.gz"]
    assert "ended before" in failed["cut.ndjson.gz"]
    assert dbt.rows(LOADED) == [("good.ndjson.gz", 1, 0)]

    put(bucket, "bad.ndjson.gz", GOOD)
    put(bucket, "cut.ndjson.gz", GOOD, GOOD)
    load(dbt, bucket)
    assert dbt.rows(LOADED) == [
        ("bad.ndjson.gz", 1, 0),
        ("cut.ndjson.gz", 2, 0),
        ("good.ndjson.gz", 1, 0),
    ]
    assert dbt.rows("select * from event_log.failed_files") == []


def test_an_object_that_was_replaced_is_read_again(
    dbt: Warehouse, bucket: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    put(bucket, "a.ndjson.gz", GOOD)
    put(bucket, "b.ndjson", GOOD)
    load(dbt, bucket)
    put(bucket, "a.ndjson.gz", GOOD, GOOD, b"cut")

    load(dbt, bucket)

    assert "read again whole: 1 file (a.ndjson.gz)." in capsys.readouterr().out
    assert dbt.rows(f"{LOADED}, loaded_at") == [
        ("a.ndjson.gz", 1, 0),
        ("a.ndjson.gz", 3, 1),
        ("b.ndjson", 1, 0),
    ]
    modified = bucket.Object("b.ndjson").last_modified.replace(tzinfo=None)
    recorded = "select byte_count, modified_at from event_log.loaded_files where source_file = "
    assert dbt.rows(f"{recorded} 'b.ndjson'") == [(len(GOOD) + 1, modified)]


def test_an_object_of_the_same_size_and_second_is_known_by_its_etag(
    dbt: Warehouse, bucket: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def put_and_load(line: bytes) -> list[tuple[Any, ...]]:
        put(bucket, "a.ndjson", line)
        find = storage.Objects.find

        def find_at_one_time(objects: storage.Objects, endings: tuple[str, ...]) -> Listing:
            found = find(objects, endings)
            return found._replace(files=[file._replace(modified_at=7) for file in found.files])

        with mock.patch.object(storage.Objects, "find", find_at_one_time):
            load(dbt, bucket)
        return dbt.rows("select payload ->> 'n' from event_log.event_lines order by rowid")

    assert put_and_load(b'{"n":1}') == [("1",)]
    assert put_and_load(b'{"n":1}') == [("1",)]
    assert put_and_load(b'{"n":2}') == [("1",), ("2",)]
    assert "read again whole: 1 file (a.ndjson)." in capsys.readouterr().out
    etags = dbt.rows("select etag from event_log.loaded_files order by loaded_at")
    assert etags[-1] == (bucket.Object("a.ndjson").e_tag,)

    # An earlier version did not keep it.
    dbt.rows("update event_log.loaded_files set etag = null")
    assert put_and_load(b'{"n":3}') == [("1",), ("2",)]


def test_objects_are_there_at_once_and_others_are_passed_over(
    dbt: Warehouse, bucket: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    for key in ("lake/a.ndjson", "lake/x.log.gz", "lake/Z.NDJSON", "other/y"):
        put(bucket, key, GOOD)
    put(bucket, "lake/folder/")  # as consoles make one
    dbt(
        "run-operation",
        "load_event_lines",
        landing_path=f"s3://{bucket.name}/lake",
        file_settle_seconds=60,
    )
    said = capsys.readouterr().out
    assert "Loaded 1 new file with 1 line" in said
    assert "in .ndjson or .ndjson.gz: 2 files (Z.NDJSON, x.log.gz)." in said


def test_a_large_object_is_read_part_by_part(
    dbt: Warehouse, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_files, "WHOLE_BYTES", 100)
    monkeypatch.setattr(event_files, "PART_BYTES", 1000)
    put(bucket, "a*.ndjson.gz", *(b'{"number": %d}' % number for number in range(1000)))
    put(bucket, "b.ndjson", *[GOOD] * 1000, b"cut")

    load(dbt, bucket)

    assert dbt.rows(LOADED) == [("a*.ndjson.gz", 1000, 0), ("b.ndjson", 1001, 1)]
    assert dbt.rows("select count(*) from event_log.event_lines") == [(2000,)]


def test_lines_that_vector_rejected_come_with_their_reason(dbt: Warehouse, bucket: Any) -> None:
    long = json.dumps({"event_id": "1", "text": "x" * 300_000})
    put(bucket, "events/v1/date=2026-11-02/hour=20/1.ndjson.gz", GOOD)
    put(
        bucket,
        "rejects/v1/date=2026-11-02/hour=20/1.ndjson.gz",
        json.dumps({"line": long, "reason": "too_large", "received_at": "now"}).encode(),
        json.dumps({"line": '{"event_id', "reason": "malformed", "received_at": "now"}).encode(),
        b'{"reason": "no line"}',
        b"cut",
    )

    load(dbt, bucket)

    assert dbt.rows("select line, reason from event_log.rejected_lines order by rowid") == [
        (long, "too_large"),
        ('{"event_id', "malformed"),
        ('{"reason": "no line"}', "malformed"),
        ("cut", "malformed"),
    ]
    assert dbt.rows("select count(*) from event_log.event_lines") == [(1,)]
    assert [row[1:] for row in dbt.rows(LOADED)] == [(1, 0), (4, 4)]


RAW = (
    "select source_file, payload::varchar, null from event_log.event_lines",
    "select source_file, line, reason from event_log.rejected_lines",
    "select source_file, line_count::varchar, rejected_count::varchar from event_log.loaded_files",
    "select source_file, reason, null from event_log.failed_files",
)


def test_a_bucket_gives_the_same_tables_as_a_folder(
    bucket: Any, tmp_path: Path, open_warehouse: Callable[[Path], Warehouse]
) -> None:
    folder, objects = open_warehouse(tmp_path / "folder"), open_warehouse(tmp_path / "objects")

    def land(name: str, *lines: bytes) -> None:
        bucket.put_object(Key=f"lake/{name}", Body=folder.land(name, lines).read_bytes())

    def loaded() -> list[tuple[Any, ...]]:
        """The raw tables, the same in both, and how many loads have filled them."""
        folder.load()
        load(objects, bucket, "/lake")
        of_both = [
            [row for table in RAW for row in warehouse.rows(f"{table} order by all")]
            + warehouse.rows("select count(distinct loaded_at) from event_log.loaded_files")
            for warehouse in (folder, objects)
        ]
        assert of_both[0] == of_both[1]
        return of_both[0]

    land("events/v1/date=2026-11-02/hour=20/1.ndjson.gz", GOOD, b"cut", b"[1]", b"\xff")
    # Names that a shell or a URL would take for more than a name.
    for name in ("a*[b]?c.ndjson", "é %2F+::d.ndjson.gz"):
        land(name, GOOD)
    land("rejects/v1/1.ndjson.gz", json.dumps({"line": "x", "reason": "too_large"}).encode())
    bucket.put_object(Key="lake/plain.ndjson.gz", Body=b"plain")
    (folder.landing / "plain.ndjson.gz").write_bytes(b"plain")
    bucket.put_object(Key="lake/empty/", Body=b"")
    (folder.landing / "empty").mkdir()

    first = loaded()
    assert first[-1] == (1,)
    assert loaded() == first

    land("events/v1/date=2026-11-02/hour=21/2.ndjson.gz", GOOD, GOOD)
    assert len(loaded()) == len(first) + 3
    assert loaded()[-1] == (2,)


def test_a_bucket_that_cannot_be_listed_says_what_to_do(
    dbt: Warehouse, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = r"s3://nowhere cannot be listed \(The specified bucket does not exist\): .*AWS_"
    with pytest.raises(DbtError, match=refused):
        dbt("run-operation", "load_event_lines", landing_path="s3://nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "none")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(DbtError, match=r"\(Unable to locate credentials\)"):
        load(dbt, bucket)
    with pytest.raises(DbtError, match=r"gs://lake cannot be listed \(.*nstall gcsfs"):
        dbt("run-operation", "load_event_lines", landing_path="gs://lake")


def test_the_simulator_ships_to_s3_what_it_would_write_to_a_folder(
    dbt: Warehouse, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    arguments = ["--robots", "1", "--seed", "1", "--out"]
    local = CliRunner().invoke(simulate, [*arguments, str(tmp_path / "local")])
    assert local.exit_code == 0, local.output
    to_s3 = [*arguments, str(tmp_path / "s3"), "--landing", f"s3://{bucket.name}/lake/"]
    shipped = CliRunner().invoke(simulate, to_s3)
    assert shipped.exit_code == 0, shipped.output
    assert f"landing_path: s3://{bucket.name}/lake}}" in shipped.output

    landing = tmp_path / "local/landing"
    files = {
        f"lake/{path.relative_to(landing).as_posix()}": path.read_bytes()
        for path in landing.rglob("*.gz")
    }
    objects = {found.key: found.get() for found in bucket.objects.all()}
    assert {key: found["Body"].read() for key, found in objects.items()} == files
    assert {found["ContentEncoding"] for found in objects.values()} == {"gzip"}
    assert not (tmp_path / "s3/landing").exists()
    assert sorted(path.name for path in (tmp_path / "s3/truth").iterdir())

    load(dbt, bucket, "/lake")
    ((lines,),) = dbt.rows("select sum(line_count) from event_log.loaded_files")
    assert f"Wrote {lines:,} lines in {len(files)} files" in shipped.output

    again = CliRunner().invoke(simulate, to_s3)
    assert (again.exit_code, "already holds events" in again.output) == (1, True)


@pytest.mark.parametrize(
    ("landing", "told"),
    [("data/landing", "no s3:// URL"), ("s3://nowhere/lake", "cannot be listed")],
)
def test_a_landing_that_is_no_bucket_is_refused(
    bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, landing: str, told: str
) -> None:
    monkeypatch.chdir(ROOT)
    done = CliRunner().invoke(simulate, ["--out", str(tmp_path), "--landing", landing])
    assert (done.exit_code, told in done.output) == (1, True), done.output

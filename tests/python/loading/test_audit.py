"""`fleet audit`: each file of the landing folder or bucket is loaded, once and whole."""

import gzip
import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result

from fleet.cli import main
from fleet.warehouse.audit import Loaded, compare
from fleet.warehouse.erased_ids import id_hash
from fleet.warehouse.storage import StoredFile
from tests.python.conftest import ROOT, Warehouse

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
LINES: list[bytes | dict[str, Any]] = [{"a": 1}, b"", b"{", {"order_id": "O-1"}]


@pytest.fixture
def loaded(dbt: Warehouse, seeded_database: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """Two files that are loaded, a quarter of an hour ago or more."""
    shutil.copy(seeded_database, dbt.database)
    shutil.copy(ROOT / "profiles.yml.example", dbt.landing.parent / "profiles.yml")
    monkeypatch.setenv("FLEET_DATABASE", str(dbt.database))
    monkeypatch.setenv("DBT_PROFILES_DIR", str(dbt.landing.parent))
    dbt.land("a.ndjson", LINES)
    dbt.land("b/c.ndjson.gz", LINES[:1])
    dbt.load()
    return dbt


def age(path: Path) -> Path:
    at = datetime.now(UTC).timestamp() - 3600
    os.utime(path, (at, at))
    return path


def audit(warehouse: Warehouse, *words: str) -> Result:
    return CliRunner().invoke(main, ["audit", "--landing", str(warehouse.landing), *words])


def test_what_is_loaded_is_complete(loaded: Warehouse) -> None:
    for words in ([], ["--lines"]):
        done = audit(loaded, *words)
        assert done.exit_code == 0, done.output
        assert "2 files, 2 loaded, 0 on their way, 0 missing." in done.output


def test_each_way_to_be_missing_is_told(loaded: Warehouse, tmp_path: Path) -> None:
    age(loaded.land("never.ndjson", LINES))
    loaded.land("young.ndjson", LINES)
    broken = age(loaded.land("broken.ndjson.gz", LINES))
    broken.write_bytes(broken.read_bytes()[:-9])
    loaded.load()  # the broken one fails, the others are taken
    loaded.rows("delete from event_log.loaded_files where source_file in ('never.ndjson')")
    loaded.rows("delete from event_log.event_lines where source_file = 'never.ndjson'")
    loaded.rows("delete from event_log.rejected_lines where source_file = 'never.ndjson'")
    loaded.rows("delete from event_log.event_lines where source_file = 'b/c.ndjson.gz'")
    loaded.land("a.ndjson", LINES[:2])
    loaded.land("on-its-way.ndjson", LINES)
    (loaded.landing / "young.ndjson").unlink()

    listed = tmp_path / "m.json"
    done = audit(loaded, "--manifest", str(listed))
    assert done.exit_code == 1
    for said in (
        "5 files, 2 loaded, 1 on their way, 2 missing.",
        "never.ndjson: never loaded,",
        "broken.ndjson.gz: Compressed file ended before the end-of-stream marker",
        "a.ndjson: 10 bytes now; load it again under another name",
        "b/c.ndjson.gz: 1 line loaded at",
        "the tables hold 0",
        "1 loaded file no longer there.",
    ):
        assert said in done.output, done.output
    entries = json.loads(listed.read_text())["entries"]
    assert [entry["url"].split("/")[-1] for entry in entries] == [
        "broken.ndjson.gz",
        "never.ndjson",
    ]


def test_lines_are_counted_where_a_file_is_read(loaded: Warehouse) -> None:
    loaded.rows("update event_log.loaded_files set line_count = 3 where source_file = 'a.ndjson'")
    loaded.rows("delete from event_log.event_lines where payload::varchar like '%O-1%'")
    assert audit(loaded).exit_code == 0  # the ledger and the tables agree
    done = audit(loaded, "--lines")
    assert done.exit_code == 1
    assert "a.ndjson: has 4 lines, 3 were loaded" in done.output
    # As it is where the line was erased.
    loaded.rows(f"insert into event_log.erased_ids values ('s', '{id_hash('s', 'O-1')}', now())")
    assert audit(loaded, "--lines").exit_code == 0


def test_an_inventory_says_what_is_there(loaded: Warehouse, tmp_path: Path) -> None:
    at = {
        path.relative_to(loaded.landing).as_posix(): path.stat()
        for path in loaded.landing.rglob("*.ndjson*")
    }
    rows = [
        f'"lake","events/v1/{name}","{about.st_size}",'
        f'"{datetime.fromtimestamp(int(about.st_mtime), UTC):%Y-%m-%dT%H:%M:%S.000Z}"\n'
        for name, about in at.items()
    ]
    rows += ['"lake","events/v1/lost.ndjson.gz","7","2026-11-02T10:00:00.000Z"\n']
    rows += ['"lake","other/x.ndjson.gz","7","2026-11-02T10:00:00.000Z"\n']
    inventory = tmp_path / "inventory.csv.gz"
    inventory.write_bytes(gzip.compress("".join(rows).encode()))
    words = ["--listing", str(inventory), "--landing", "s3://lake/events/v1"]
    done = CliRunner().invoke(main, ["audit", *words])
    assert done.exit_code == 1
    assert "3 files, 2 loaded, 0 on their way, 1 missing." in done.output, done.output
    assert "events/v1/lost.ndjson.gz: never loaded" in done.output
    with duckdb.connect(loaded.database) as connection:
        connection.execute(
            "create table event_log.bucket (key text, size bigint, last_modified_date timestamp)"
        )
    words = ["--listing", "event_log.bucket", "--landing", "s3://lake/events/v1"]
    assert "0 files, 0 loaded" in CliRunner().invoke(main, ["audit", *words]).output


def test_a_bucket_is_listed(loaded: Warehouse, bucket: Any) -> None:
    bucket.put_object(Key="events/v1/a.ndjson.gz", Body=gzip.compress(b"{}\n"))
    place = f"s3://{bucket.name}/events/v1"
    assert "0 loaded, 1 on their way" in audit(loaded, "--landing", place).output
    loaded("run-operation", "load_event_lines", landing_path=place)
    done = audit(loaded, "--landing", place, "--lines")
    assert done.exit_code == 0
    assert "1 file, 1 loaded, 0 on their way, 0 missing." in done.output


def test_a_file_is_compared_by_what_both_sides_tell() -> None:
    at = round(NOW.timestamp() * 1_000_000)
    file = StoredFile("a", 7, at, '"x"', "a")
    old = NOW - timedelta(days=1)

    def is_changed(*loads: Loaded) -> bool:
        return bool(compare([file], {"a": list(loads)}, {}, timedelta(0), old).changed)

    assert not is_changed(Loaded(1))
    assert not is_changed(Loaded(1, None, None, "x"))
    assert is_changed(Loaded(1, 7, at, "y"))
    assert is_changed(Loaded(1, 8, at))
    assert is_changed(Loaded(1, 7, at - 2_000_000))
    assert not is_changed(Loaded(1, None, at - 900_000))
    assert not is_changed(Loaded(1, 8, at), Loaded(1, 7, at))

"""`fleet audit` on Redshift: its own record of COPY against the objects of a bucket.

The system views are tables here, with the columns that Redshift documents: SYS_LOAD_DETAIL,
SYS_LOAD_HISTORY, SYS_LOAD_ERROR_DETAIL, SYS_COPY_JOB_DETAIL.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fleet.cli import main
from fleet.warehouse import audit
from fleet.warehouse.target import Target
from tests.python.redshift.warehouse import StandIn

VIEWS = {
    "sys_load_detail": "query_id bigint, file_name char(256), lines_scanned bigint,"
    " file_etag char(256), file_last_modified timestamp",
    "sys_load_history": "query_id bigint, status char(32), table_name varchar(128),"
    " loaded_rows bigint, start_time timestamp, end_time timestamp",
    "sys_load_error_detail": "file_name char(256), error_message char(512), start_time timestamp",
    "sys_copy_job_detail": "file_location char(256), file_name char(256), status char(32)",
}


@pytest.fixture
def bucket_of_three(
    standin: StandIn, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[StandIn, Any]]:
    """A bucket with three objects, of which COPY has loaded the first with its two lines."""
    standin.clear()
    create = [f"create table public.{name} ({columns})" for name, columns in VIEWS.items()]
    standin.server.run(
        *(
            f"--command={sql}; grant select on public.{sql.split()[2][7:]} to public"
            for sql in create
        )
    )
    standin.rows("grant role keeper to dbt")
    for name in "abc":
        bucket.put_object(Key=f"events/v1/{name}.ndjson.gz", Body=b"x")
    url = f"s3://{bucket.name}/events/v1"
    for sql in (
        f"insert into sys_load_detail values (1, '{url}/a.ndjson.gz', 2, null, null)",
        "insert into sys_load_history values (1, 'completed', 'event_lines', 2, now(), now())",
        f"insert into sys_load_error_detail values ('{url}/b.ndjson.gz', 'Invalid JSON', now())",
        f"insert into sys_copy_job_detail values ('{url}', 'b.ndjson.gz', 'Error')",
        "insert into event_log.event_lines (payload) select json_parse('{}')",
        "insert into event_log.event_lines (payload) select json_parse('{}')",
    ):
        standin.server.run(f"--command=set search_path = public, redshift; {sql}")
    target = Target("redshift", "fleet", "redshift", connect=standin.connect_as("dbt"))
    monkeypatch.setattr(audit, "open_target", lambda *_: target)
    yield standin, bucket
    standin.server.run(*(f"--command=drop table public.{name}" for name in VIEWS))
    standin.rows("revoke role keeper from dbt")


def run(bucket: Any, *words: str) -> Result:
    url = f"s3://{bucket.name}/events/v1"
    return CliRunner().invoke(main, ["audit", "--landing", url, "--wait-minutes", "0", *words])


def test_files_that_copy_did_not_load_are_named(bucket_of_three: tuple[StandIn, Any]) -> None:
    standin, bucket = bucket_of_three
    done = run(bucket)
    assert done.exit_code == 1, done.output
    assert "3 files, 1 loaded, 0 on their way, 2 missing." in done.output
    assert "events/v1/b.ndjson.gz: Invalid JSON" in done.output
    assert "events/v1/c.ndjson.gz: never loaded" in done.output
    assert "Other lines" not in done.output

    # Redshift forgets what it did after a week; what was kept is not forgotten, nor kept twice.
    for view in ("sys_load_detail", "sys_load_history"):
        kept = standin.rows("select source_file, line_count from event_log.copied_files")
        assert kept == [(f"s3://{bucket.name}/events/v1/a.ndjson.gz", 2)]
        assert "3 files, 1 loaded" in run(bucket).output
        standin.server.run(f"--command=delete from public.{view}")


def test_rows_that_are_not_in_the_table_are_told(bucket_of_three: tuple[StandIn, Any]) -> None:
    standin, bucket = bucket_of_three
    standin.server.run("--command=update public.sys_load_history set loaded_rows = 3")
    assert "COPY loaded 3 rows, event_lines holds 2" in run(bucket).output

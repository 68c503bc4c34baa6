"""The whole project through dbt-redshift: fresh, another night, a full refresh; as on DuckDB.

All of it on the stand-in, so none of it is a run on Redshift: see standin/README.md.
"""

import gzip
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from dbt.artifacts.resources.types import NodeType
from redshift_connector.error import ProgrammingError

from fleet.registry import load_registry
from fleet.simulator.simulation import landing_folder, simulate_fleet
from fleet.simulator.world import Settings
from fleet.warehouse.dbt_runner import DbtError
from fleet.warehouse.erase import Done, Eraser
from fleet.warehouse.target import Target
from tests.python.conftest import ROOT, Warehouse
from tests.python.nightly.differences import Difference, differences
from tests.python.oracle import comparison as oracle
from tests.python.redshift.both_engines import BothEngines
from tests.python.redshift.warehouse import RedshiftWarehouse, StandIn, statements

FLEET = Settings(robots=3, days=2, seed=11, start=date(2026, 11, 2), clean=False)
NIGHTS = ("night 1", "night 2")
# The first night is a first build, whose SQL is that of a full refresh.
IS_SOAK = bool(os.environ.get("SOAK"))
STAGES = (*NIGHTS, *(["full refresh"] if IS_SOAK else []), "trimmed and erased")
IAM_ROLE = "arn:aws:iam::123456789012:role/redshift-event-writer"


@dataclass
class Built:
    """What the builds left to look at, by stage."""

    both: BothEngines
    found: dict[str, list[Difference]] = field(default_factory=dict)
    rows: dict[str, Mapping[str, int]] = field(default_factory=dict)
    compiled: dict[str, dict[str, str]] = field(default_factory=dict)
    open_runs: list[Any] = field(default_factory=list)
    erased: dict[str, Done] = field(default_factory=dict)
    raw_lines: dict[str, list[int]] = field(default_factory=dict)
    tables: Mapping[str, pa.Table] = field(default_factory=dict)

    def look_at_open_runs(self, event: Any) -> None:
        """Keep what another session sees of this run when its first table is begun."""
        if event.info.name == "LogStartLine" and not self.open_runs:
            self.open_runs = self.both.standin.rows("select count(*) from fleet_runs.open_runs")

    def stage(self, name: str, result: Any) -> None:
        """Compare the engines as they are now; `result` is that of dbt on the stand-in."""
        ducks, others = self.both.tables()
        self.tables = {table: others[table] for table in oracle.TABLES}
        self.found[name] = differences(ducks, others)
        self.rows[name] = {table: others[table].num_rows for table in others}
        self.compiled[name] = {
            done.node.name: done.node.compiled_code
            for done in result.results
            if done.node.resource_type == "model"
        }

    def age_loads(self, newest: datetime) -> None:
        """Put the loads up to one ten days back, as if it had been long ago."""
        for table in ("event_lines", "rejected_lines", "loaded_files"):
            for rows in (self.both.duck.rows, self.both.standin.rows):
                rows(
                    f"update event_log.{table} set loaded_at = loaded_at - interval '10 days'"
                    f" where loaded_at <= '{newest}'"
                )

    def trim_and_erase(self) -> Any:
        """Trim the first night's raw lines, then erase an order; the result of the last run."""
        both = self.both
        order = both.duck.rows(
            "select order_id from fleet_staging.base_event_log__lines where order_id is not null"
            " group by 1 order by count(*) desc, 1 limit 1"
        )[0][0]
        results = []
        for name, warehouse, rows in (
            ("duckdb", both.duck, both.duck.rows),
            ("redshift", both.redshift, both.standin.rows),
        ):
            place = {"duckdb": str(both.folder / "exports"), "redshift": "s3://lake/exports"}[name]
            arguments = json.dumps({"days": 5, "export_to": place, "iam_role": IAM_ROLE})
            count = "select count(*) from event_log.event_lines"
            self.raw_lines[name] = [rows(count)[0][0]]
            if name == "redshift":
                both.standin.rows("grant role keeper to dbt")
            else:
                Path(place).mkdir()
            warehouse("run-operation", "trim_raw_lines", "--args", arguments)
            self.raw_lines[name].append(rows(count)[0][0])
            target = Target(name, "fleet", name, both.duck.database)
            if name == "redshift":
                target = Target(name, "fleet", name, connect=both.standin.connect_as("dbt"))

            def run(warehouse: Callable[[str], Any] = warehouse) -> None:
                results.append(warehouse("run"))

            self.erased[name] = Eraser(target, run).erase(order)
            self.raw_lines[name].append(rows(count)[0][0])
        both.standin.rows("revoke role keeper from dbt")
        return results[-1]


@pytest.fixture(scope="module")
def built(
    tmp_path_factory: pytest.TempPathFactory,
    open_warehouse: Callable[[Path], Warehouse],
    open_redshift: Callable[[str], RedshiftWarehouse],
    standin: StandIn,
) -> Built:
    """A fleet with every trouble, its files in two nights."""
    folder = tmp_path_factory.mktemp("built")
    standin.clear()
    simulate_fleet(FLEET, load_registry(ROOT), folder, lambda now: None)
    files = sorted(landing_folder(folder).rglob("*.ndjson.gz"))
    duck, redshift = open_warehouse(folder / "duckdb"), open_redshift("fleet")
    built = Built(BothEngines(duck, redshift, standin, folder))

    duck("seed")
    commands = {
        "night 1": ["build"],  # with seeds, contracts, unit tests and data tests
        "night 2": ["build", "--selector", "nightly"],
    }
    for number, night in enumerate(NIGHTS):
        for path in files[number * len(files) // 2 : (number + 1) * len(files) // 2]:
            shutil.copy(path, duck.landing)
        if number == 1:
            # Lines of the first night again, from another environment, in letters of both cases.
            ours = gzip.decompress(files[0].read_bytes())
            theirs = ours.replace(b'"env":"prod"', b'"env":"Staging"')
            (duck.landing / "staging.ndjson").write_bytes(theirs)
        built.both.load()
        if number == 0:
            newest = "select max(loaded_at) from event_log.loaded_files"
            first_night = duck.rows(newest)[0][0]
        duck("run")
        # The adapter reads the catalog in another way with datasharing.
        target = "datasharing" if night == "night 2" else "redshift"
        callbacks = [built.look_at_open_runs] if night == "night 2" else []
        built.stage(night, redshift(*commands[night], callbacks=callbacks, target=target))
    built.age_loads(first_night)
    if IS_SOAK:
        duck("run", "--full-refresh")
        built.stage("full refresh", redshift("run", "--full-refresh"))
    built.stage("trimmed and erased", built.trim_and_erase())
    return built


@pytest.mark.parametrize("stage", STAGES)
def test_every_table_has_the_same_rows_as_on_duckdb(built: Built, stage: str) -> None:
    assert not built.found[stage], "\n".join(map(str, built.found[stage]))


def test_the_stand_in_has_what_the_oracle_says(built: Built) -> None:
    found = list(oracle.compare(built.tables))
    assert not found, "\n".join(found[:5])


def test_the_comparison_is_of_something(built: Built) -> None:
    empty = {table for table, rows in built.rows["night 2"].items() if not rows}
    # The simulator uses no id twice; the mart's unit test does.
    assert empty <= {"fleet_marts.id_conflicts"}, "no rows to compare"
    lines = "fleet_staging.base_event_log__lines"
    assert len(built.both.duck.rows(f"select distinct line_status from {lines}")) == 4


@pytest.mark.soak
def test_all_that_a_full_refresh_leaves_empty_is_what_a_night_affected(built: Built) -> None:
    empty = {table for table, rows in built.rows["full refresh"].items() if not rows}
    empty.discard("fleet_marts.id_conflicts")
    assert {table.split(".")[1][: len("int_affected")] for table in empty} == {"int_affected"}


def test_a_trim_and_an_erasure_do_the_same_as_on_duckdb(built: Built) -> None:
    duck, redshift = built.erased["duckdb"], built.erased["redshift"]
    assert duck.ids == redshift.ids
    assert len(duck.ids) > 1
    assert (duck.removed, duck.blanked, duck.base) == (
        redshift.removed,
        redshift.blanked,
        redshift.base,
    )
    assert duck.base > 10
    assert duck.figures == redshift.figures
    assert duck.traces == redshift.traces == []
    assert built.raw_lines["duckdb"] == built.raw_lines["redshift"]
    before, trimmed, _ = built.raw_lines["duckdb"]
    unloaded = (
        "select count(*) from redshift.unloaded where url like 's3://lake/exports/trimmed_at=%'"
    )
    told = built.both.standin.server.run(f"--command={unloaded}", "--tuples-only")
    assert 0 < int(told) == before - trimmed < before


@pytest.mark.soak
def test_what_copy_brings_again_is_erased_again(built: Built) -> None:
    standin = built.both.standin
    count = "select count(*) from event_log.event_lines"
    before = standin.rows(count)
    wanted = next(one for one in built.erased["redshift"].ids if one.startswith("O-"))
    line = {"event_id": "again", "evt": {"name": "order.created"}, "order_id": wanted}
    standin.put("events/v1/again.ndjson.gz", [json.dumps(line), json.dumps({"a": 1})])
    built.both.redshift.load("s3://events/v1/again")
    standin.rows("grant role keeper to dbt")
    target = Target("redshift", "fleet", "redshift", connect=standin.connect_as("dbt"))
    done = Eraser(target, lambda: None).erase_again()
    assert (done.ids, done.removed) == ({wanted}, 1)
    assert Eraser(target, lambda: None).erase_again().ids == set()
    standin.rows("revoke role keeper from dbt")
    standin.rows("delete from event_log.event_lines where payload.a::int = 1")
    assert standin.rows(count) == before


def test_nights_were_incremental(built: Built) -> None:
    # Read from the models themselves: a full refresh never compiles these.
    differing = [
        name
        for name, sql in built.compiled["night 2"].items()
        if "int_affected" in sql and "int_affected" not in built.compiled["night 1"][name]
    ]
    assert len(differing) > 15


def test_others_see_that_a_run_is_open(built: Built) -> None:
    assert built.open_runs == [(1,)]
    assert built.both.standin.rows("select count(*) from fleet_runs.open_runs") == [(0,)]


def test_a_second_run_beside_another_ends_in_a_sentence(built: Built) -> None:
    standin, redshift = built.both.standin, built.both.redshift
    standin.rows("insert into fleet_runs.open_runs values ('of-another', getdate())")
    try:
        with pytest.raises(DbtError, match=r"Another run that began at .* has not ended"):
            redshift("run", "--select", "int_spans")
        redshift("run", "--select", "int_spans", ignore_open_run=True)
        # The claim that was ignored is gone.
        redshift("run", "--select", "int_spans")
    finally:
        standin.rows("delete from fleet_runs.open_runs")


def test_of_two_runs_that_start_together_one_ends_in_a_sentence(built: Built) -> None:
    standin, redshift = built.both.standin, built.both.redshift
    assert standin.rows("show transaction_isolation") == [("repeatable read",)]
    with standin.connect_as(standin.where["user"])() as other, other.cursor() as cursor:
        # The other has claimed the run, and nobody sees it yet.
        cursor.execute("lock table fleet_runs.open_runs")
        cursor.execute("insert into fleet_runs.open_runs values ('of-another', getdate())")
        with ThreadPoolExecutor(1) as beside:
            run = beside.submit(redshift, "run", "--select", "int_spans")
            wait_for_lock(standin)
            other.commit()
            try:
                with pytest.raises(DbtError, match=r"Another run that began at .* has not ended"):
                    run.result()
            finally:
                standin.rows("delete from fleet_runs.open_runs")


def wait_for_lock(standin: StandIn) -> None:
    """Until a session waits for a lock."""
    waiting = "select 1 from pg_locks where not granted"
    for _ in range(600):
        if standin.server.run(f"--command=\\copy ({waiting}) to stdout"):
            return
        time.sleep(0.1)
    raise AssertionError("the run does not look for a claim behind a lock")


def relations(standin: StandIn, schema: str) -> list[str]:
    """Tables and views of a schema."""
    names = standin.rows(
        f"select table_name from information_schema.tables where table_schema = '{schema}'"
    )
    assert names, schema
    return [f"{schema}.{name}" for (name,) in names]


def assert_refused(standin: StandIn, sql: str, user: str) -> None:
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        standin.rows(sql, user)


def test_readers_read_every_mart_and_nothing_else(built: Built) -> None:
    standin = built.both.standin
    standin.rows("create user ann password disable")
    standin.rows("grant role analyst to ann")
    hidden = ("event_log", "fleet_seeds", "fleet_staging", "fleet_intermediate", "fleet_runs")
    for user in ("ann", "sigma_service"):
        for mart in relations(standin, "fleet_marts"):
            standin.rows(f"select 1 from {mart} limit 1", user)
        for relation in (name for schema in hidden for name in relations(standin, schema)):
            assert_refused(standin, f"select 1 from {relation}", user)
        assert_refused(standin, "delete from fleet_marts.delivery_sessions", user)
        assert_refused(standin, "create table fleet_marts.mine (id int)", user)


def test_a_new_mart_is_readable_at_once(built: Built) -> None:
    standin = built.both.standin
    standin.rows("create table fleet_marts.made_just_now (id int)", "dbt")
    try:
        standin.rows("select 1 from fleet_marts.made_just_now", "sigma_service")
    finally:
        standin.rows("drop table fleet_marts.made_just_now", "dbt")


def test_a_developer_builds_beside_production_and_changes_nothing_of_it(built: Built) -> None:
    standin = built.both.standin
    for statement in statements(ROOT / "pipeline" / "redshift" / "7_developer.sql"):
        standin.rows(re.sub(r"\bann(?=\b|_)", "eve", statement))
    read = ("event_log", "fleet_seeds", "fleet_staging", "fleet_intermediate", "fleet_marts")
    for relation in (name for schema in read for name in relations(standin, schema)):
        standin.rows(f"select 1 from {relation} limit 1", "eve")
    for table in ("event_log.event_lines", "fleet_seeds.markets", "fleet_marts.delivery_sessions"):
        assert_refused(standin, f"delete from {table}", "eve")
    for schema in ("event_log", "fleet_marts", "fleet_runs"):
        assert_refused(standin, f"create table {schema}.mine (id int)", "eve")
    assert_refused(standin, "select 1 from fleet_runs.open_runs", "eve")
    for schema in ("staging", "intermediate", "marts", "seeds", "runs"):
        standin.rows(f"create table eve_{schema}.mine (id int)", "eve")
    assert_refused(standin, "select 1 from eve_marts.mine", "sigma_service")


def test_nobody_but_the_administrator_creates_in_public(built: Built) -> None:
    standin = built.both.standin
    # As Redshift has it by default; PostgreSQL no longer does.
    standin.rows("grant create on schema public to public")
    users = ("dbt", "event_loader", "sigma_service")
    for user in users:
        standin.rows(f"create table public.of_{user} (id int)", user)
        standin.rows(f"drop table public.of_{user}", user)
    standin.run("3_rights.sql")
    for user in users:
        assert_refused(standin, f"create table public.of_{user} (id int)", user)


def test_the_transformer_reads_the_raw_layer_and_cannot_write_it(built: Built) -> None:
    standin = built.both.standin
    for table in relations(standin, "event_log"):
        standin.rows(f"select 1 from {table} limit 1", "dbt")
        for statement in ("delete from {0}", "insert into {0} select * from {0}", "drop table {0}"):
            assert_refused(standin, statement.format(table), "dbt")
    assert_refused(standin, "create table event_log.mine (id int)", "dbt")


def test_the_loader_adds_lines_and_does_nothing_else(built: Built) -> None:
    # That it adds them, the nights show: event_loader loaded each.
    standin = built.both.standin
    assert_refused(standin, "select 1 from event_log.event_lines", "event_loader")
    assert_refused(standin, "delete from event_log.event_lines", "event_loader")
    assert_refused(standin, "insert into event_log.loaded_files values ('a', 1, 0)", "event_loader")
    assert_refused(standin, "select 1 from fleet_marts.delivery_sessions", "event_loader")


def test_what_a_model_writes_is_in_the_query_group_of_the_model(built: Built) -> None:
    """By this, pipeline/redshift/6_monitoring.sql adds up what a model cost."""
    model = r'(?:table|view|from|into)\s+"\w+"\."fleet_(?!seeds|runs)\w+"\."(\w+?)(?:__dbt_tmp)?"'
    written = re.compile(r"(?:create|delete|insert)\s+" + model)
    groups = {
        (name, line["query_group"])
        for line in built.both.standin.logged()
        for name in written.findall(line["redshift"])
    }
    assert len(groups) > 30
    assert groups == {(name, f"fleet_analytics.{name}") for name, _ in groups}


def test_what_is_no_model_is_in_the_query_group_of_the_profile(built: Built) -> None:
    tests = [
        line for line in built.both.standin.logged() if '"node_id": "test.' in line["redshift"]
    ]
    assert {line["query_group"] for line in tests} == {"fleet_analytics"}


def test_both_ways_to_read_the_catalog_were_taken(built: Built) -> None:
    sent = built.both.standin.statements()
    for word in ("SHOW TABLES", "SHOW COLUMNS", "SHOW SCHEMAS", 'information_schema."columns"'):
        assert any(word in statement for statement in sent), word


@pytest.mark.parametrize("target", ["redshift", "datasharing"])
def test_docs_know_the_keys_of_every_table(built: Built, target: str) -> None:
    redshift = built.both.redshift
    redshift("docs", "generate", "--no-compile", target=target)
    catalog = json.loads((redshift.folder / "target" / "catalog.json").read_text())
    assert redshift.dbt.manifest is not None
    for unique_id, node in redshift.dbt.manifest.nodes.items():
        if node.resource_type != NodeType.Model or node.config.materialized == "view":
            continue
        stats = catalog["nodes"][unique_id]["stats"]
        dist, sort = node.config.get("dist"), node.config.get("sort")
        dist = dist.upper() if dist in ("all", "even") else f"KEY({dist})"
        assert stats["diststyle"]["value"] == dist, unique_id
        assert stats["sortkey1"]["value"] == (sort if isinstance(sort, str) else sort[0]), unique_id


def test_descriptions_of_the_marts_are_comments_on_both_engines(built: Built) -> None:
    manifest = built.both.redshift.dbt.manifest
    assert manifest is not None
    marts = [node for node in manifest.nodes.values() if node.schema == "fleet_marts"]
    models = [node for node in marts if node.resource_type == NodeType.Model]
    tables = {node.name: node.description for node in models}
    columns = {
        f"{node.name}.{c.name}": c.description for node in models for c in node.columns.values()
    }
    with duckdb.connect(built.both.duck.database, read_only=True) as connection:
        ducks = connection.execute(
            "select name, comment from ("
            " select schema_name, table_name as name, comment from duckdb_tables()"
            " union all select schema_name, view_name, comment from duckdb_views()"
            " union all select schema_name, table_name || '.' || column_name, comment"
            " from duckdb_columns()) as named where schema_name = 'fleet_marts'"
        ).fetchall()
    assert dict(ducks) == tables | columns
    comments = built.both.standin.rows(
        "select c.relname || coalesce('.' || a.attname, ''), d.description"
        " from pg_catalog.pg_description d"
        " join pg_catalog.pg_class c on c.oid = d.objoid"
        " join pg_catalog.pg_namespace n on n.oid = c.relnamespace"
        " left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = d.objsubid"
        " and d.objsubid > 0 where n.nspname = 'fleet_marts'"
    )
    # The columns of a late-binding view have none.
    views = tuple(f"{node.name}." for node in models if node.config.materialized == "view")
    bound = {name: text for name, text in columns.items() if not name.startswith(views)}
    assert dict(comments) == tables | bound


def test_freshness_of_the_raw_layer_is_read(built: Built) -> None:
    result = built.both.redshift("source", "freshness")
    statuses = {d.status for d in result.results if d.node.resource_type == NodeType.Source}
    assert statuses == {"pass"}


@pytest.mark.soak
def test_an_empty_run_builds_every_model(built: Built) -> None:
    with pytest.raises(DbtError, match="--empty would empty tables"):
        built.both.redshift("run", "--empty", "--full-refresh")
    # As in the first hour of a warehouse, when no run has built every table.
    for ledger in ("completed_runs", "intraday_runs"):
        built.both.standin.rows(f"delete from fleet_runs.{ledger}")
    result = built.both.redshift("run", "--empty", "--full-refresh")
    models = {done.node.name for done in result.results if done.node.resource_type == "model"}
    assert models == built.compiled["night 1"].keys()

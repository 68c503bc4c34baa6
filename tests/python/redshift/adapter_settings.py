"""What dbt's adapter suites must know of Redshift: settings, what it lacks, whose a failure is."""

import csv
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import sqlparse
import yaml
from dbt.tests.adapter import hooks
from dbt.tests.adapter.simple_seed import fixtures as seed_fixtures
from dbt.tests.adapter.simple_seed import seeds
from dbt.tests.util import get_model_file, set_model_file

USERS = ("ann", "ben", "eve")

# Suites and classes that are not run, each with the reason.
NOT_OF_REDSHIFT: dict[str, str] = {
    "catalog_integrations": "Iceberg catalogs",
    "functions": "functions in SQL, Python and JavaScript: CREATE FUNCTION is not emulated",
    "python_model": "the adapter has no Python models",
    "utils.test_current_timestamp.BaseCurrentTimestampAware": "the adapter's time has no zone",
    "simple_copy.test_copy_uppercase": "its profile is PostgreSQL's",
    "basic.test_get_catalog_for_single_relation": "the adapter has no such method",
    **dict.fromkeys(
        (
            "dbt_clone.test_dbt_clone.BaseClonePossible",
            "dbt_clone.test_dbt_clone.BaseCloneSameSourceAndTarget",
        ),
        "the adapter has no clones of tables",
    ),
    **dict.fromkeys(
        (
            "caching.test_caching.BaseCachingTest",
            "constraints.test_constraints.BaseConstraintsColumnsEqual",
            "constraints.test_constraints.BaseContractSqlHeader",
            "store_test_failures_tests.test_store_test_failures.StoreTestFailuresBase",
            "utils.base_array_utils",
            "utils.base_utils",
            "utils.data_types.base_data_type_macro",
            "utils.test_current_timestamp.BaseCurrentTimestamp",
        ),
        "what others are made of, and nothing by itself",
    ),
}


class MaterializedViews:
    """How to write into what a materialized view reads, and what is known of one."""

    @staticmethod
    def insert_record(project: Any, table: Any, record: tuple[int, int]) -> None:
        project.run_sql(f"insert into {table} values {record}")

    @staticmethod
    def refresh_materialized_view(project: Any, materialized_view: Any) -> None:
        project.run_sql(f"refresh materialized view {materialized_view}")

    @staticmethod
    def query_row_count(project: Any, relation: Any) -> Any:
        return project.run_sql(f"select count(*) from {relation}", fetch="one")[0]

    @staticmethod
    def query_relation_type(project: Any, relation: Any) -> str | None:
        rows = project.run_sql(
            "select 'materialized_view' from svv_mv_info"
            f" where schema_name = '{relation.schema}' and name = '{relation.identifier}'",
            fetch="all",
        ) or project.run_sql(
            "select case table_type when 'VIEW' then 'view' else 'table' end"
            f" from information_schema.tables where table_schema = '{relation.schema}'"
            f" and table_name = '{relation.identifier}'",
            fetch="all",
        )
        return rows[0][0] if rows else None


class MaterializedViewChanges(MaterializedViews):
    """Whether a view refreshes itself can be altered; its sort key makes it anew."""

    @staticmethod
    def state(project: Any, view: Any) -> tuple[Any, ...]:
        names = f"where schema_name = '{view.schema}' and name = '{view.identifier}'"
        refreshed = project.run_sql(f"select autorefresh from svv_mv_info {names}", fetch="one")[0]
        names = f"where \"schema\" = '{view.schema}' and \"table\" = '{view.identifier}'"
        sort_key = project.run_sql(f"select sortkey1 from svv_table_info {names}", fetch="one")[0]
        return refreshed, sort_key

    @classmethod
    def check_start_state(cls, project: Any, materialized_view: Any) -> None:
        assert cls.state(project, materialized_view) == (0, "AUTO(SORTKEY)")

    @classmethod
    def change_config_via_alter(cls, project: Any, materialized_view: Any) -> None:
        cls.change(project, materialized_view, "auto_refresh=True")

    @classmethod
    def check_state_alter_change_is_applied(cls, project: Any, materialized_view: Any) -> None:
        assert cls.state(project, materialized_view)[0] == 1

    @classmethod
    def change_config_via_replace(cls, project: Any, materialized_view: Any) -> None:
        cls.change(project, materialized_view, "sort=['id']")

    @classmethod
    def check_state_replace_change_is_applied(cls, project: Any, materialized_view: Any) -> None:
        assert cls.state(project, materialized_view)[1] == "id"

    @staticmethod
    def change(project: Any, view: Any, setting: str) -> None:
        model = get_model_file(project, view)
        set_model_file(project, view, model.replace("config(", f"config({setting}, "))


class WideNames:
    """The adapter makes a seed's column as wide as its longest value, and these are updated."""

    @pytest.fixture(scope="class")
    def project_config_update(self) -> dict[str, Any]:
        return {"name": "wide_names", "seeds": {"+column_types": {"name": "varchar(64)"}}}


class ColumnTypes:
    """Types that Redshift has: value, type, and how a message names it."""

    @pytest.fixture
    def data_types(self, schema_int_type: str, int_type: str, string_type: str) -> list[list[str]]:
        return [
            ["1", schema_int_type, int_type],
            ["'1'", string_type, string_type],
            ["cast('2019-01-01' as date)", "date", "DATE"],
            ["true", "bool", "BOOL"],
            ["cast('2013-11-03 00:00:00-07' as timestamptz)", "timestamptz", "TIMESTAMPTZ"],
            ["cast('2013-11-03 00:00:00' as timestamp)", "timestamp", "TIMESTAMP"],
            ["cast('1' as numeric)", "numeric", "NUMERIC"],
        ]


class UnitTestTypes:
    """Types that Redshift has: a value, and how a unit test writes it."""

    @pytest.fixture
    def data_types(self) -> list[list[str]]:
        return [
            ["1", "1"],
            ["'1'", "1"],
            ["true", "true"],
            ["date '2020-01-02'", "2020-01-02"],
            ["timestamp '2013-11-03 00:00:00'", "2013-11-03 00:00:00"],
            ["timestamptz '2013-11-03 00:00:00+01'", "2013-11-02 23:00:00+00"],
            ["'1.25'::numeric(5, 2)", "1.25"],
            ["1.5::float8", "1.5"],
        ]


class TimesWithoutZone:
    """The time is getdate(), which has no zone."""

    @pytest.fixture(scope="class")
    def expected_schema(self) -> dict[str, str]:
        suffixes = ("", "_in_utc_backcompat", "_backcompat")
        return {f"current_timestamp{end}": "timestamp without time zone" for end in suffixes}

    @pytest.fixture(scope="class")
    def expected_sql(self) -> None:
        return None


class NullRefused:
    """The message of Redshift."""

    @pytest.fixture(scope="class")
    def expected_error_messages(self) -> list[str]:
        return ["Cannot insert a NULL value into column id"]


class ModelHooks:
    """What a hook knows of its run, on the stand-in."""

    table = "on_model_hook"

    @pytest.fixture(scope="class")
    def test_data_dir(self) -> Path:
        return Path(hooks.__path__[0]) / "data"

    def check_hooks(self, state: str, project: Any, host: str, count: int = 1) -> None:
        names = ("name", "dbname", "host", "schema", "type", "user", "pass", "threads")
        of_run = ("run_started_at", "invocation_id", "thread_id")
        columns = ", ".join([*(f"target_{name}" for name in names), *of_run])
        found = project.run_sql(
            f"select {columns} from {project.test_schema}.{self.table}"
            f" where test_state = '{state}'",
            fetch="all",
        )
        target = ("default", "dev", host, project.test_schema, "redshift", "admin", "", 4)
        assert [tuple(row[: len(target)]) for row in found] == [target] * count
        assert all(map(all, (row[len(target) :] for row in found)))


class RunHooks(ModelHooks):
    """Likewise."""

    table = "on_run_hook"


class SeedTypes:
    """TEXT has 256 bytes; what a seed does not say is as wide as its longest value."""

    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        rows = list(csv.DictReader(StringIO(seeds.seeds__tricky_csv)))
        told = yaml.safe_load(seed_fixtures.properties__schema_yml)
        for seed in told["seeds"]:
            for column in seed["columns"]:
                (test,) = column["data_tests"]
                if test["column_type"]["type"] == "text":
                    is_given = column["name"] not in ("relative", "weekday")
                    width = 256 if is_given else max(len(row[column["name"]]) for row in rows)
                    test["column_type"]["type"] = f"character varying({width})"
        return {"schema.yml": yaml.safe_dump(told)}


def one_statement_at_a_time(project: Any) -> Any:
    """The project of a suite, which gives the driver no more than it takes at once."""
    run_sql = project.run_sql

    def run_each(sql: str, fetch: str | None = None) -> Any:
        statements = (sqlparse.format(one, strip_comments=True) for one in sqlparse.split(sql))
        given = [run_sql(one, fetch=fetch) for one in statements if one.strip(" ;")]
        return given[-1] if given else None

    project.run_sql = run_each
    return project


# Classes that settle what a suite leaves to the adapter, by the class that they are for.
SETTINGS: dict[str, tuple[type[Any] | str, ...]] = {
    "basic.test_snapshot_check_cols.BaseSnapshotCheckCols": (WideNames,),
    "basic.test_snapshot_timestamp.BaseSnapshotTimestamp": (WideNames,),
    "constraints.test_constraints.BaseTableConstraintsColumnsEqual": (ColumnTypes,),
    "constraints.test_constraints.BaseViewConstraintsColumnsEqual": (ColumnTypes,),
    "constraints.test_constraints.BaseIncrementalConstraintsColumnsEqual": (ColumnTypes,),
    "constraints.test_constraints.BaseConstraintsRollback": (NullRefused,),
    "constraints.test_constraints.BaseIncrementalConstraintsRollback": (NullRefused,),
    **{
        f"hooks.test_model_hooks.{name}": (ModelHooks,)
        for name in (
            "BaseHookRefs",
            "BasePrePostModelHooks",
            "BasePrePostModelHooksInConfig",
            "BasePrePostModelHooksInConfigKwargs",
            "BasePrePostModelHooksInConfigWithCount",
        )
    },
    "hooks.test_run_hooks.BasePrePostRunHooks": (RunHooks,),
    "utils.test_timestamps.BaseCurrentTimestamps": (TimesWithoutZone,),
    "unit_testing.test_types.BaseUnitTestingTypes": (UnitTestTypes,),
    "simple_seed.test_seed_type_override.BaseSimpleSeedColumnOverride": (SeedTypes,),
    "materialized_view.basic.MaterializedViewBasic": (MaterializedViews,),
    "materialized_view.changes.MaterializedViewChanges": (MaterializedViewChanges,),
    **{
        f"materialized_view.changes.MaterializedViewChanges{mixin}Mixin": (
            MaterializedViewChanges,
            "materialized_view.changes.MaterializedViewChanges",
        )
        for mixin in ("Apply", "Continue", "Fail")
    },
}

# Failures that the adapter or the suite has on its own, each with the reason.
NOT_THE_STANDINS: dict[str, str] = {
    **dict.fromkeys(
        (
            "constraints.test_constraints.BaseConstraintsRuntimeDdlEnforcement",
            "constraints.test_constraints.BaseIncrementalConstraintsRuntimeDdlEnforcement",
            "constraints.test_constraints.BaseModelConstraintsRuntimeEnforcement",
            "constraints.test_constraints.BaseConstraintQuotedColumn",
        ),
        "expects PostgreSQL's CHECK in the text of dbt's own SQL",
    ),
    "basic.test_docs_generate": "expects the types and the statistics of PostgreSQL's catalog",
    **dict.fromkeys(
        (
            "ephemeral.test_ephemeral.BaseEphemeralMulti",
            "ephemeral.test_ephemeral.BaseEphemeralNested",
        ),
        "expects the database's name on PostgreSQL in the text of dbt's own SQL",
    ),
    "empty.test_empty.BaseTestEmptySeedFlag": "`dbt seed --empty` comes with a later dbt-core",
    "persist_docs.test_persist_docs.BasePersistDocsQuotedDescriptionNotAppliedOnMismatch": (
        "expects names in capitals to stay so: r_enable_case_sensitive_identifier, off by default"
    ),
}

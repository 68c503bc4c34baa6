"""How tables lie on Redshift: keys, widths, views, and joins that find their rows by equality."""

import re

import pytest
import sqlglot
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import ModelNode, SeedNode
from sqlglot import exp

from tests.python.conftest import ROOT
from tests.python.redshift.conftest import Compile

JSON_MACROS = (
    "json_text|json_number|json_integer|json_boolean|json_timestamp|json_array"
    "|json_field|json_envelope_value|envelope_path"
)


def models(manifest: Manifest) -> list[ModelNode]:
    return [node for node in manifest.nodes.values() if isinstance(node, ModelNode)]


def tables(manifest: Manifest) -> list[ModelNode]:
    return [node for node in models(manifest) if node.config.materialized != "view"]


def test_every_table_has_keys_and_says_why(redshift_manifest: Manifest) -> None:
    found = tables(redshift_manifest)
    assert found
    lacking = {
        node.name
        for node in found
        if not (node.config.get("dist") and node.config.get("sort"))
        or "On Redshift" not in node.description
    }
    assert lacking == set()


def test_descriptions_name_the_keys_that_are_set(redshift_manifest: Manifest) -> None:
    for node in tables(redshift_manifest):
        (reason,) = re.findall(r"On Redshift .*", node.description)
        dist = node.config.get("dist")
        words = {"all": "every node holds a copy of all rows", "even": "rows are spread evenly"}
        assert words.get(dist, f"rows are distributed by {dist}") in reason, node.name
        sort = node.config.get("sort")
        keys = sort if isinstance(sort, str) else " and ".join(sort)
        assert f"sorted by {keys}," in reason.replace("Sorted", "sorted"), node.name


def test_keys_of_marts_are_columns_of_theirs(redshift_manifest: Manifest) -> None:
    for node in tables(redshift_manifest):
        if node.contract.enforced:
            sort = node.config.get("sort")
            keys = {node.config.get("dist")} - {"all", "even"}
            keys |= {sort} if isinstance(sort, str) else set(sort)
            assert keys <= node.columns.keys(), node.name


def test_no_key_can_be_null_for_many_rows(redshift_manifest: Manifest) -> None:
    """Lines that name no robot would all lie on one slice; they are among these tables' rows."""
    by_robot = {
        node.name for node in tables(redshift_manifest) if node.config["dist"] == "robot_id"
    }
    assert by_robot.isdisjoint({"base_event_log__typed_lines", "event_timeline"})


def test_every_varchar_of_a_contract_has_a_width(redshift_manifest: Manifest) -> None:
    types = [
        (node.name, column.name, column.data_type)
        for node in models(redshift_manifest)
        if node.contract.enforced
        for column in node.columns.values()
    ]
    assert any(data_type == "varchar(64)" for _, _, data_type in types)
    # On Redshift a text type without a width is 256 bytes wide.
    widths = r"varchar\(\d+\)|decimal\(\d+, ?\d+\)"
    others = "boolean|integer|bigint|double precision|date|timestamp|timestamptz"
    assert [
        column for column in types if not re.fullmatch(f"{widths}|{others}", str(column[2]))
    ] == []


def test_every_column_of_a_seed_has_a_type(redshift_manifest: Manifest) -> None:
    seeds = [node for node in redshift_manifest.nodes.values() if isinstance(node, SeedNode)]
    assert seeds
    for seed in seeds:
        header = (ROOT / seed.original_file_path).read_text(encoding="utf-8").splitlines()[0]
        assert list(seed.config.column_types) == header.split(","), seed.name
        assert seed.config.get("dist") == "all", seed.name


def test_views_outlive_the_tables_below_them(redshift_manifest: Manifest) -> None:
    views = [node for node in models(redshift_manifest) if node.config.materialized == "view"]
    assert views
    assert {node.name for node in views if node.config.get("bind") is not False} == set()


def test_the_query_group_is_the_label_that_monitoring_looks_for() -> None:
    profile = (ROOT / "profiles.yml.example").read_text(encoding="utf-8")
    (query_group,) = re.findall(r"^ +query_group: (\w+)", profile, re.M)
    monitoring = (ROOT / "pipeline/redshift/6_monitoring.sql").read_text(encoding="utf-8")
    assert f"query_label like '{query_group}%'" in monitoring


def without_json_macros(sql: str) -> str:
    return re.sub(rf"{{{{\s*(?:{JSON_MACROS})\(.*?\)\s*}}}}", "", sql)


def walks(sql: str) -> bool:
    """Whether the SQL of a model follows a path into a JSON document by itself."""
    return bool(re.search(r"(document|payload)\s*(\.\s*\"?\w|\[|->)", without_json_macros(sql)))


@pytest.mark.parametrize(
    ("sql", "is_walking"),
    [
        ("{{ json_text('documents.document.\"event_id\"', 64) }} as event_id", False),
        ("select documents.payload, document from documents", False),
        ('select documents.document."data"."reason"', True),
        ("select payload.data", True),
        ("select payload ->> 'data'", True),
    ],
)
def test_paths_into_a_document_are_told_apart(sql: str, is_walking: bool) -> None:
    assert walks(sql) is is_walking


def test_models_reach_into_json_through_macros_alone(redshift_manifest: Manifest) -> None:
    assert [node.name for node in models(redshift_manifest) if walks(node.raw_code)] == []


def is_total(query: exp.Expression) -> bool:
    """Whether a query has one row, because all it selects are aggregates of everything."""
    return (
        isinstance(query, exp.Select)
        and not query.args.get("group")
        and all(column.unalias().find(exp.AggFunc) for column in query.expressions)
        and not any(column.find(exp.Window) for column in query.expressions)
    )


def unequal_joins(sql: str) -> list[str]:
    """Joins of a statement that Redshift can only do as a nested loop.

    A join needs one condition, on its top level, that sets a column of the joined side equal to
    one of what stands before it; or the joined side is a total, one row that is looped over once.
    """
    found = []
    tree = sqlglot.parse_one(sql, dialect="redshift")
    totals = {cte.alias for cte in tree.find_all(exp.CTE) if is_total(cte.this)}
    for join in tree.find_all(exp.Join):
        side = join.this.alias_or_name
        if side in totals:
            continue
        # The keys of an object of the row before, no other relation.
        if isinstance(join.this, exp.Pivot) and isinstance(join.this.this, exp.AtIndex):
            continue
        condition = join.args.get("on")
        for equality in condition.flatten() if isinstance(condition, exp.And) else [condition]:
            if isinstance(equality, exp.EQ):
                sides = [
                    {column.table for column in part.find_all(exp.Column)}
                    for part in (equality.this, equality.expression)
                ]
                if {side} in sides and any(
                    names and "" not in names and side not in names for names in sides
                ):
                    break
        else:
            found.append(join.sql(dialect="redshift"))
    return found


@pytest.mark.parametrize(
    ("join", "is_nested_loop"),
    [
        ("inner join b on a.id = b.id", False),
        ("left join b on a.id = b.id and a.at >= b.started_at and a.at < b.ended_at", False),
        ("inner join b on cast(floor(a.span / 256.0) as integer) = b.span", False),
        ("cross join b", True),
        (", b", True),
        ("inner join b on a.at between b.started_at and b.ended_at", True),
        ("inner join b on a.id = b.id or a.other_id = b.id", True),
        ("inner join b on b.id = b.other_id", True),
        ("inner join b on a.id = 'x'", True),
        ("inner join b on id = b.id", True),
        ("cross join total", False),
        ("cross join totals", True),
        ("cross join running", True),
    ],
)
def test_joins_without_an_equality_are_found(join: str, is_nested_loop: bool) -> None:
    ctes = (
        "with total as (select max(x) as x, min(x) as y from b),"
        " totals as (select max(x) as x from b group by y),"
        " running as (select max(x) over (partition by y) as x from b)"
    )
    assert bool(unequal_joins(f"{ctes} select 1 from a {join}")) is is_nested_loop


def test_a_night_compiles_to_other_sql_than_a_full_refresh(compiled: Compile) -> None:
    assert "new_lines" in compiled(True)["base_event_log__copies"]
    assert "new_lines" not in compiled(False)["base_event_log__copies"]


# Their numbers are the product of a few lists of ten digits; there is nothing to join on.
DIGITS = {"int_spans", "time_spine_daily"}


@pytest.mark.parametrize("nightly", [False, True], ids=["full refresh", "night"])
def test_no_join_of_any_model_is_a_nested_loop(compiled: Compile, nightly: bool) -> None:
    sql_of = compiled(nightly)
    found = {name: joins for name, sql in sql_of.items() if (joins := unequal_joins(sql))}
    assert found.keys() == DIGITS
    assert sum(sql.count(" join ") for sql in sql_of.values()) > 30


def undocumented_ins(sql: str) -> list[str]:
    """IN of several columns at once, and NOT IN of a query, which is never true beside one NULL."""
    tree = sqlglot.parse_one(sql, dialect="redshift")
    return [
        found.sql(dialect="redshift")
        for found in tree.find_all(exp.In)
        if found.args.get("query")
        and (isinstance(found.this, exp.Tuple) or isinstance(found.parent, exp.Not))
    ]


@pytest.mark.parametrize(
    ("condition", "is_found"),
    [
        ("x in (select y from b)", False),
        ("x not in ('p', 'q')", False),
        ("x || '/' || y in (select y from b) or z = 1", False),
        ("(x, y) in (select x, y from b) or z = 1", True),
        ("x not in (select y from b)", True),
        ("not x in (select y from b)", True),
    ],
)
def test_ins_that_redshift_does_not_document_are_found(condition: str, is_found: bool) -> None:
    assert bool(undocumented_ins(f"select 1 from a where {condition}")) is is_found


@pytest.mark.parametrize("nightly", [False, True], ids=["full refresh", "night"])
def test_no_model_has_an_in_that_redshift_does_not_document(
    compiled: Compile, nightly: bool
) -> None:
    found = {name: ins for name, sql in compiled(nightly).items() if (ins := undocumented_ins(sql))}
    assert found == {}

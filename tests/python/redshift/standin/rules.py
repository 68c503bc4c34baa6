"""What Redshift refuses and PostgreSQL or DuckDB would take, as a table of rules.

Works on the syntax tree alone, so that compiled SQL can be checked without a server. Only what the
documents say is a rule; what a real cluster teaches becomes one more, with its two cases.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.redshift import Redshift
from sqlglot.parsers.redshift import RedshiftParser

from tests.python.redshift.standin.functions import KNOWN, LEADER_NODE_ONLY

Tree = exp.Expr
FRAMED = {"avg", "count", "max", "min", "stddev_pop", "stddev_samp", "sum", "var_pop", "var_samp"}
FRAMED |= {"first_value", "last_value", "nth_value"}
UNFRAMED = {"cume_dist", "dense_rank", "lag", "lead", "ntile", "percent_rank", "rank", "row_number"}
ORDERED_SETS = {"listagg", "median", "percentile_cont", "percentile_disc"}
TYPES = {"ARRAY", "HSTORE", "JSON", "JSONB", "LIST", "MAP", "STRUCT", "TINYINT", "UBIGINT", "UUID"}
LONGEST_VARCHAR = 65535


class RefusedError(Exception):
    """A statement that Redshift would refuse, or that the stand-in cannot run; says which."""


class RedshiftGrammar(Redshift):
    """Redshift's grammar with every function name left as it is written."""

    class Parser(RedshiftParser):
        FUNCTIONS = {"COUNT": RedshiftParser.FUNCTIONS["COUNT"]}  # noqa: RUF012
        FUNCTION_PARSERS = {  # noqa: RUF012
            name: RedshiftParser.FUNCTION_PARSERS[name]
            for name in ("CAST", "CONVERT", "EXTRACT", "POSITION", "SUBSTRING", "TRIM")
        }
        NO_PAREN_FUNCTIONS: ClassVar = {}


@dataclass(frozen=True)
class Rule:
    """One thing that Redshift refuses.

    find      the parts of a statement that break the rule
    source    page of the Redshift Developer Guide
    accepted  a statement that keeps the rule, as close to the other as can be
    refused   a statement that breaks it, and no other rule
    """

    id: str
    message: str
    source: str
    find: Callable[[Tree], Iterable[Tree]]
    accepted: str
    refused: str


def parse(sql: str) -> Tree:
    """Syntax tree of one statement in Redshift's grammar; raises RefusedError on a syntax error."""
    try:
        tree = sqlglot.parse_one(sql, read=RedshiftGrammar)
    except (sqlglot.errors.ParseError, sqlglot.errors.TokenError) as error:
        raise RefusedError(f"syntax error: {str(error).splitlines()[0]}") from None
    if isinstance(tree, exp.Command):
        raise RefusedError(f"syntax error: not understood as Redshift: {sql[:80]}")
    return tree


def violations(tree: Tree) -> list[tuple[Rule, str]]:
    """Each rule that the statement breaks, with the first part of it that does."""
    broken = ((rule, next(iter(rule.find(tree)), None)) for rule in RULES)
    return [(rule, part.sql(dialect=RedshiftGrammar)) for rule, part in broken if part is not None]


def check(tree: Tree) -> None:
    """Raises RefusedError with every rule that the statement breaks."""
    if broken := violations(tree):
        parts = (f"{rule.message}: {sql[:120]} [{rule.id}, {rule.source}]" for rule, sql in broken)
        raise RefusedError("not supported on Redshift: " + "; ".join(parts))


def name_of(node: Tree | None) -> str:
    """Lower-case name of a function call; that of `first_value(x) ignore nulls` is first_value."""
    if isinstance(node, exp.IgnoreNulls | exp.RespectNulls):
        return name_of(node.this)
    if isinstance(node, exp.Anonymous):
        return str(node.name).lower()
    return node.sql_name().lower() if isinstance(node, exp.Func) else ""


def calls(tree: Tree) -> Iterator[exp.Anonymous]:
    yield from tree.find_all(exp.Anonymous)


def unknown_calls(tree: Tree) -> Iterator[Tree]:
    return (call for call in calls(tree) if name_of(call) not in KNOWN | LEADER_NODE_ONLY)


def windows(tree: Tree, names: set[str]) -> Iterator[exp.Window]:
    return (window for window in tree.find_all(exp.Window) if name_of(window.this) in names)


def of(*types: type[Tree]) -> Callable[[Tree], Iterable[Tree]]:
    return lambda tree: tree.find_all(*types)


def sources(select: Tree) -> list[Tree]:
    """Tables and sub-queries that a select reads, in order."""
    first = select.args.get("from_")
    joins = select.args.get("joins") or []
    return ([first.this] if first else []) + [join.this for join in joins]


def correlated(tree: Tree) -> Iterator[Tree]:
    """Columns inside a sub-query that belong to a query around it."""
    for column in tree.find_all(exp.Column):
        if len(column.parts) < 2:
            continue
        owner = str(column.parts[0].name).lower()
        select, depth = column.find_ancestor(exp.Select), 0
        while select is not None:
            if owner in (source.alias_or_name.lower() for source in sources(select)):
                if depth:
                    yield column
                break
            select, depth = select.find_ancestor(exp.Select), depth + 1


def ordered_sets(select: Tree) -> list[exp.Anonymous]:
    return [
        call
        for call in calls(select)
        if name_of(call) in ORDERED_SETS and call.find_ancestor(exp.Select) is select
    ]


def differently_ordered(tree: Tree) -> Iterator[Tree]:
    for select in tree.find_all(exp.Select):
        orders = set()
        for call in ordered_sets(select):
            within = call.parent
            order = within.expression if isinstance(within, exp.WithinGroup) else None
            orders.add(order.expressions[0].this.sql() if order else call.expressions[0].sql())
        if len(orders) > 1:
            yield select


def ordered_sets_without_table(tree: Tree) -> Iterator[Tree]:
    named = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    if all(table.name.lower() in named for table in tree.find_all(exp.Table)):
        yield from (call for call in calls(tree) if name_of(call) in ORDERED_SETS)


def long_varchars(tree: Tree) -> Iterator[Tree]:
    for data_type in tree.find_all(exp.DataType):
        width = data_type.expressions[0].name if data_type.expressions else ""
        if data_type.this == exp.DType.VARCHAR and width.isdigit() and int(width) > LONGEST_VARCHAR:
            yield data_type


def aliased_targets(tree: Tree) -> Iterator[Tree]:
    if isinstance(tree, exp.Delete | exp.Update) and tree.this.alias:
        yield tree.this


RULES = (
    Rule(
        "function",
        "not a function of Redshift",
        "c_SQL_functions",
        lambda tree: (
            call for call in calls(tree) if name_of(call) not in KNOWN | LEADER_NODE_ONLY
        ),
        "select split_part(a, '/', 2) from t",
        "select string_agg(a, ',') from t",
    ),
    Rule(
        "leader_node_function",
        "runs on the leader node only, so not beside a table",
        "c_SQL_functions_leader_node_only",
        lambda tree: [
            *(call for call in calls(tree) if name_of(call) in LEADER_NODE_ONLY),
            *(
                column
                for column in tree.find_all(exp.Column)
                if len(column.parts) == 1
                and not column.this.quoted
                and column.name.lower() in LEADER_NODE_ONLY
            ),
        ],
        "select getdate() from t",
        "select current_timestamp from t",
    ),
    Rule(
        "filter",
        "aggregates take no FILTER",
        "c_unsupported-postgresql-features",
        of(exp.Filter),
        "select sum(case when b then a end) from t",
        "select sum(a) filter (where b) from t",
    ),
    Rule(
        "distinct_on",
        "DISTINCT takes no ON",
        "r_SELECT_list",
        lambda tree: (
            distinct for distinct in tree.find_all(exp.Distinct) if distinct.args.get("on")
        ),
        "select distinct a from t",
        "select distinct on (a) a, b from t",
    ),
    Rule(
        "lateral",
        "no LATERAL",
        "r_FROM_clause30",
        of(exp.Lateral),
        "select t.a from t, (select b from s) as u",
        "select t.a from t, lateral (select b from s) as u",
    ),
    Rule(
        "values",
        "VALUES makes rows for INSERT only",
        "r_INSERT_30",
        lambda tree: (v for v in tree.find_all(exp.Values) if not isinstance(v.parent, exp.Insert)),
        "insert into t values (1), (2)",
        "select a from (values (1), (2)) as t (a)",
    ),
    Rule(
        "distinct_from",
        "no IS [NOT] DISTINCT FROM",
        "r_comparison_condition",
        of(exp.NullSafeEQ, exp.NullSafeNEQ),
        "select a from t where a <> b or a is null",
        "select a from t where a is distinct from b",
    ),
    Rule(
        "frame_required",
        "an aggregate, FIRST_VALUE or LAST_VALUE over ORDER BY needs a ROWS frame",
        "r_Window_function_synopsis",
        lambda tree: (
            w for w in windows(tree, FRAMED) if w.args.get("order") and not w.args.get("spec")
        ),
        "select sum(a) over (partition by b order by c rows unbounded preceding) from t",
        "select sum(a) over (partition by b order by c) from t",
    ),
    Rule(
        "frame_forbidden",
        "ranking functions, LAG and LEAD take no frame",
        "r_Window_function_synopsis",
        lambda tree: (w for w in windows(tree, UNFRAMED) if w.args.get("spec")),
        "select lag(a) over (order by c) from t",
        "select lag(a) over (order by c rows unbounded preceding) from t",
    ),
    Rule(
        "frame_of_rows",
        "frames count ROWS; there is no RANGE and no GROUPS",
        "r_Window_function_synopsis",
        lambda tree: (
            spec for spec in tree.find_all(exp.WindowSpec) if spec.args["kind"].upper() != "ROWS"
        ),
        "select sum(a) over (order by c rows between 1 preceding and current row) from t",
        "select sum(a) over (order by c range between 1 preceding and current row) from t",
    ),
    Rule(
        "distinct_window",
        "no DISTINCT in a window function",
        "r_WF_COUNT",
        lambda tree: (w for w in tree.find_all(exp.Window) if w.this.find(exp.Distinct)),
        "select count(a) over (partition by b) from t",
        "select count(distinct a) over (partition by b) from t",
    ),
    Rule(
        "lag_default",
        "LAG and LEAD take no default, the third argument",
        "r_WF_LAG",
        lambda tree: (
            call
            for call in calls(tree)
            if name_of(call) in {"lag", "lead"} and len(call.expressions) > 2
        ),
        "select lag(a, 1) over (order by c) from t",
        "select lag(a, 1, 0) over (order by c) from t",
    ),
    Rule(
        "window_clause",
        "no WINDOW clause",
        "r_Window_function_synopsis",
        lambda tree: (s for s in tree.find_all(exp.Select) if s.args.get("windows")),
        "select rank() over (order by c) from t",
        "select rank() over w from t window w as (order by c)",
    ),
    Rule(
        "asof",
        "no ASOF join",
        "r_FROM_clause30",
        lambda tree: (j for j in tree.find_all(exp.Join) if j.method.upper() == "ASOF"),
        "select t.a from t inner join s on t.a = s.a",
        "select t.a from t asof join s on t.a = s.a and t.b >= s.b",
    ),
    Rule(
        "type",
        "not a type of Redshift",
        "c_Supported_data_types",
        lambda tree: (
            t
            for t in tree.find_all(exp.DataType)
            if getattr(t.this, "name", "") in TYPES or getattr(t.this, "name", "") == "USERDEFINED"
        ),
        "select a::super from t",
        "select a::json from t",
    ),
    Rule(
        "varchar_width",
        f"a VARCHAR holds {LONGEST_VARCHAR} bytes at most",
        "r_Character_types",
        long_varchars,
        "create table t (a varchar(65535))",
        "create table t (a varchar(65536))",
    ),
    Rule(
        "json_operator",
        "no JSON operators; SUPER is read by path",
        "query-super",
        of(exp.JSONExtract, exp.JSONExtractScalar, exp.JSONBExtract, exp.JSONBExtractScalar),
        "select payload.a::varchar(8) from t",
        "select payload ->> 'a' from t",
    ),
    Rule(
        "literal",
        "no list, struct or slice literals",
        "c_unsupported-postgresql-features",
        of(exp.Array, exp.Struct, exp.Slice, exp.Lambda),
        "select payload[0] from t",
        "select a[1:2] from t",
    ),
    Rule(
        "group_by_all",
        "no GROUP BY ALL and no ORDER BY ALL",
        "r_GROUP_BY_clause",
        lambda tree: (
            clause
            for clause in tree.find_all(exp.Group, exp.Order)
            if clause.args.get("all")
            or [part.sql().lower() for part in clause.expressions] == ["all"]
        ),
        "select a, count(*) from t group by a",
        "select a, count(*) from t group by all",
    ),
    Rule(
        "correlated_subquery",
        "write a join or a window function: Redshift runs some correlated sub-queries only",
        "r_correlated_subqueries",
        correlated,
        "select t.a from t where t.a in (select s.a from s)",
        "select t.a from t where exists (select 1 from s where s.a = t.a)",
    ),
    Rule(
        "target_alias",
        "the target of DELETE and UPDATE takes no alias",
        "r_DELETE",
        aliased_targets,
        "delete from t where t.a = 1",
        "delete from t as u where u.a = 1",
    ),
    Rule(
        "one_ordering",
        "LISTAGG, MEDIAN and PERCENTILE_* of one SELECT must share one ordering",
        "r_LISTAGG",
        differently_ordered,
        "select listagg(a, ',') within group (order by b), median(b) from t",
        "select listagg(a, ',') within group (order by c), median(b) from t",
    ),
    Rule(
        "compute_node_function",
        "LISTAGG, MEDIAN and PERCENTILE_* need a table",
        "c_SQL_functions_compute_node_only",
        ordered_sets_without_table,
        "with u as (select a from t) select median(a) from u",
        "with u as (select 1 as a) select median(a) from u",
    ),
    Rule(
        "check_constraint",
        "no CHECK constraints",
        "r_CREATE_TABLE_NEW",
        of(exp.CheckColumnConstraint),
        "create table t (a integer not null)",
        "create table t (a integer check (a > 0))",
    ),
    Rule(
        "insert_clauses",
        "INSERT, UPDATE and DELETE take no ON CONFLICT and no RETURNING",
        "c_unsupported-postgresql-features",
        of(exp.OnConflict, exp.Returning),
        "insert into t select a from s",
        "insert into t select a from s on conflict do nothing",
    ),
)

"""What Redshift refuses and PostgreSQL or DuckDB would take, as a table of rules.

Works on the syntax tree alone, so that compiled SQL can be checked without a server. Only what the
documents say is a rule; what a real cluster teaches becomes one more. Each has an accepted and a
refused case in test_rules.py.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.redshift import Redshift
from sqlglot.parsers.redshift import RedshiftParser

from tests.python.redshift.standin.functions import KNOWN, LEADER_NODE_ONLY

Tree = exp.Expr
Find = Callable[[Tree], Iterable[Tree]]
FRAMED = {"avg", "count", "max", "min", "stddev_pop", "stddev_samp", "sum", "var_pop", "var_samp"}
FRAMED |= {"first_value", "last_value", "nth_value"}
UNFRAMED = {"cume_dist", "dense_rank", "lag", "lead", "ntile", "percent_rank", "rank", "row_number"}
ORDERED_SETS = {"listagg", "median", "percentile_cont", "percentile_disc"}
TYPES = {"ARRAY", "HSTORE", "JSON", "JSONB", "LIST", "MAP", "STRUCT", "TINYINT", "UBIGINT", "UUID"}
TYPES |= {"USERDEFINED"}
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

    source  page of the Redshift Developer Guide
    find    the parts of a statement that break the rule
    """

    id: str
    message: str
    source: str
    find: Find


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


def of(*types: type[Tree], where: Callable[[Any], Any] = lambda part: True) -> Find:
    return lambda tree: (part for part in tree.find_all(*types) if where(part))


def windows(names: set[str], where: Callable[[Any], Any]) -> Find:
    return of(exp.Window, where=lambda window: name_of(window.this) in names and where(window))


def calls(tree: Tree, names: Collection[str]) -> Iterator[exp.Anonymous]:
    return (call for call in tree.find_all(exp.Anonymous) if name_of(call) in names)


def unknown_calls(tree: Tree) -> Iterator[Tree]:
    known = KNOWN | LEADER_NODE_ONLY
    return (call for call in tree.find_all(exp.Anonymous) if name_of(call) not in known)


def leader_node_calls(tree: Tree) -> Iterator[Tree]:
    yield from calls(tree, LEADER_NODE_ONLY)
    for column in tree.find_all(exp.Column):  # such as current_timestamp
        is_bare = len(column.parts) == 1 and not column.this.quoted
        if is_bare and column.name.lower() in LEADER_NODE_ONLY:
            yield column


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


def is_differently_ordered(select: Tree) -> bool:
    orders = set()
    for call in calls(select, ORDERED_SETS):
        if call.find_ancestor(exp.Select) is select:
            within = call.parent
            order = within.expression if isinstance(within, exp.WithinGroup) else None
            orders.add(order.expressions[0].this.sql() if order else call.expressions[0].sql())
    return len(orders) > 1


def ordered_sets_without_table(tree: Tree) -> Iterator[Tree]:
    named = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    if all(table.name.lower() in named for table in tree.find_all(exp.Table)):
        yield from calls(tree, ORDERED_SETS)


def is_too_wide(data_type: exp.DataType) -> bool:
    width = data_type.expressions[0].name if data_type.expressions else ""
    is_varchar = data_type.this == exp.DType.VARCHAR
    return is_varchar and width.isdigit() and int(width) > LONGEST_VARCHAR


def is_of_all(clause: Tree) -> bool:
    parts = [part.sql().lower() for part in clause.expressions]
    return bool(clause.args.get("all")) or parts == ["all"]


RULES = (
    Rule("function", "not a function of Redshift", "c_SQL_functions", unknown_calls),
    Rule(
        "leader_node_function",
        "runs on the leader node only, so not beside a table",
        "c_SQL_functions_leader_node_only",
        leader_node_calls,
    ),
    Rule(
        "filter", "aggregates take no FILTER", "c_unsupported-postgresql-features", of(exp.Filter)
    ),
    Rule(
        "distinct_on",
        "DISTINCT takes no ON",
        "r_SELECT_list",
        of(exp.Distinct, where=lambda distinct: distinct.args.get("on")),
    ),
    Rule("lateral", "no LATERAL", "r_FROM_clause30", of(exp.Lateral)),
    Rule(
        "values",
        "VALUES makes rows for INSERT only",
        "r_INSERT_30",
        of(exp.Values, where=lambda values: not isinstance(values.parent, exp.Insert)),
    ),
    Rule(
        "distinct_from",
        "no IS [NOT] DISTINCT FROM",
        "r_comparison_condition",
        of(exp.NullSafeEQ, exp.NullSafeNEQ),
    ),
    Rule(
        "frame_required",
        "an aggregate, FIRST_VALUE or LAST_VALUE over ORDER BY needs a ROWS frame",
        "r_Window_function_synopsis",
        windows(FRAMED, lambda window: window.args.get("order") and not window.args.get("spec")),
    ),
    Rule(
        "frame_forbidden",
        "ranking functions, LAG and LEAD take no frame",
        "r_Window_function_synopsis",
        windows(UNFRAMED, lambda window: window.args.get("spec")),
    ),
    Rule(
        "frame_of_rows",
        "frames count ROWS; there is no RANGE and no GROUPS",
        "r_Window_function_synopsis",
        of(exp.WindowSpec, where=lambda spec: spec.args["kind"].upper() != "ROWS"),
    ),
    Rule(
        "distinct_window",
        "no DISTINCT in a window function",
        "r_WF_COUNT",
        of(exp.Window, where=lambda window: window.this.find(exp.Distinct)),
    ),
    Rule(
        "lag_default",
        "LAG and LEAD take no default, the third argument",
        "r_WF_LAG",
        of(
            exp.Anonymous,
            where=lambda call: name_of(call) in {"lag", "lead"} and len(call.expressions) > 2,
        ),
    ),
    Rule(
        "window_clause",
        "no WINDOW clause",
        "r_Window_function_synopsis",
        of(exp.Select, where=lambda select: select.args.get("windows")),
    ),
    Rule(
        "asof",
        "no ASOF join",
        "r_FROM_clause30",
        of(exp.Join, where=lambda join: join.method.upper() == "ASOF"),
    ),
    Rule(
        "type",
        "not a type of Redshift",
        "c_Supported_data_types",
        of(exp.DataType, where=lambda data_type: getattr(data_type.this, "name", "") in TYPES),
    ),
    Rule(
        "varchar_width",
        f"a VARCHAR holds {LONGEST_VARCHAR} bytes at most",
        "r_Character_types",
        of(exp.DataType, where=is_too_wide),
    ),
    Rule(
        "json_operator",
        "no JSON operators; SUPER is read by path",
        "query-super",
        of(exp.JSONExtract, exp.JSONExtractScalar, exp.JSONBExtract, exp.JSONBExtractScalar),
    ),
    Rule(
        "literal",
        "no list, struct or slice literals",
        "c_unsupported-postgresql-features",
        of(exp.Array, exp.Struct, exp.Slice, exp.Lambda),
    ),
    Rule(
        "group_by_all",
        "no GROUP BY ALL and no ORDER BY ALL",
        "r_GROUP_BY_clause",
        of(exp.Group, exp.Order, where=is_of_all),
    ),
    Rule(
        "correlated_subquery",
        "write a join or a window function: Redshift runs some correlated sub-queries only",
        "r_correlated_subqueries",
        correlated,
    ),
    Rule(
        "target_alias",
        "the target of DELETE and UPDATE takes no alias",
        "r_DELETE",
        of(exp.Delete, exp.Update, where=lambda statement: statement.this.alias),
    ),
    Rule(
        "one_ordering",
        "LISTAGG, MEDIAN and PERCENTILE_* of one SELECT must share one ordering",
        "r_LISTAGG",
        of(exp.Select, where=is_differently_ordered),
    ),
    Rule(
        "compute_node_function",
        "LISTAGG, MEDIAN and PERCENTILE_* need a table",
        "c_SQL_functions_compute_node_only",
        ordered_sets_without_table,
    ),
    Rule(
        "check_constraint",
        "no CHECK constraints",
        "r_CREATE_TABLE_NEW",
        of(exp.CheckColumnConstraint),
    ),
    Rule(
        "insert_clauses",
        "INSERT, UPDATE and DELETE take no ON CONFLICT and no RETURNING",
        "c_unsupported-postgresql-features",
        of(exp.OnConflict, exp.Returning),
    ),
)

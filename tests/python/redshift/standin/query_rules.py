"""Rules of what a query may say."""

from collections.abc import Callable, Iterator
from typing import Any

from sqlglot import exp

from tests.python.redshift.standin.functions import KNOWN, LEADER_NODE_ONLY
from tests.python.redshift.standin.grammar import Tree
from tests.python.redshift.standin.rule import Find, Rule, of
from tests.python.redshift.standin.syntax import Parts, is_of_catalog, name_of

FRAMED = {"avg", "count", "max", "min", "stddev_pop", "stddev_samp", "sum", "var_pop", "var_samp"}
FRAMED |= {"first_value", "last_value", "nth_value"}
UNFRAMED = {"cume_dist", "dense_rank", "lag", "lead", "ntile", "percent_rank", "rank", "row_number"}
WITHOUT_PARENTHESES = {"current_schema", "current_time", "current_timestamp", "localtime"}
WITHOUT_PARENTHESES |= {"localtimestamp"}
ORDERED_SETS = {"listagg", "median", "percentile_cont", "percentile_disc"}


def windows(names: set[str], where: Callable[[Any], Any]) -> Find:
    return of(exp.Window, where=lambda window: name_of(window.this) in names and where(window))


def is_listagg(call: Tree | None) -> bool:
    return name_of(call) == "listagg"


def unknown_calls(parts: Parts) -> Iterator[Tree]:
    known = KNOWN | LEADER_NODE_ONLY
    return (call for name, calls in parts.calls.items() if name not in known for call in calls)


def leader_node_calls(parts: Parts) -> Iterator[Tree]:
    # Where nothing is read but only written, the leader node works out what.
    is_writing = isinstance(parts.tree, exp.Create | exp.Insert)
    read = parts.tables[1:] if is_writing else parts.tables
    if not any(map(is_on_compute_nodes, read)):
        return
    yield from parts.calls_of(LEADER_NODE_ONLY)
    for column in parts.columns:
        is_bare = len(column.parts) == 1 and not column.this.quoted
        if is_bare and column.name.lower() in WITHOUT_PARENTHESES:
            yield column


def is_on_compute_nodes(table: exp.Table) -> bool:
    is_leaders = is_of_catalog(table) and not table.name.lower().startswith(("st", "sv", "sys_"))
    return not is_leaders


def correlated(parts: Parts) -> Iterator[Tree]:
    """Columns inside a sub-query that name a relation of a query around it."""
    for column in parts.columns:
        if len(column.parts) < 2:
            continue
        owner = str(column.parts[0].name).lower()
        select, depth = column.find_ancestor(exp.Select), 0
        while select is not None:
            if owner in parts.sources(select):
                if depth:
                    yield column
                break
            select, depth = select.find_ancestor(exp.Select), depth + 1


def paths_beside_outer_joins(parts: Parts) -> Iterator[Tree]:
    joins = of(exp.Join, where=lambda join: join.side in ("FULL", "RIGHT"))(parts)
    selects = {id(join.parent) for join in joins}
    for path in parts.paths if selects else ():
        if id(path.find_ancestor(exp.Select)) in selects and parts.split_path(path)[1]:
            yield path


def differently_ordered(parts: Parts) -> Iterator[Tree]:
    orders: dict[int, set[str]] = {}
    for call in parts.calls_of(ORDERED_SETS):
        within = call.parent
        order = within.expression if isinstance(within, exp.WithinGroup) else None
        if order is None and name_of(call) == "listagg":
            continue  # in any order
        select = call.find_ancestor(exp.Select)
        found = orders.setdefault(id(select), set())
        found.add(order.expressions[0].this.sql() if order else call.expressions[0].sql())
        if len(found) > 1 and select is not None:
            yield select


def ordered_sets_without_table(parts: Parts) -> Iterator[Tree]:
    if not parts.tables:
        yield from parts.calls_of(ORDERED_SETS)


QUERY_RULES = (
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
    Rule(
        "count_of_one",
        "COUNT(DISTINCT …) takes one expression",
        "r_COUNT",
        of(
            exp.Distinct,
            where=lambda distinct: len(distinct.expressions) > 1 and distinct.parent.key == "count",
        ),
    ),
    Rule("lateral", "no LATERAL", "r_FROM_clause30", of(exp.Lateral)),
    Rule("sample", "no TABLESAMPLE", "r_FROM_clause30", of(exp.TableSample)),
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
        "frame_exclude",
        "frames take no EXCLUDE",
        "r_Window_function_synopsis",
        of(exp.WindowSpec, where=lambda spec: spec.args.get("exclude")),
    ),
    Rule(
        "distinct_window",
        "no DISTINCT in a window function",
        "r_WF_COUNT",
        of(
            exp.Window,
            # r_WF_LISTAGG: that one takes it.
            where=lambda window: (
                window.this.find(exp.Distinct) and not is_listagg(window.this.find(exp.Anonymous))
            ),
        ),
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
        "super_outer_join",
        "no SUPER in a RIGHT or FULL JOIN",
        "limitations-super",
        paths_beside_outer_joins,
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
        "set_operation_all",
        "INTERSECT, EXCEPT and MINUS take no ALL",
        "r_UNION",
        of(exp.Intersect, exp.Except, where=lambda operation: not operation.args.get("distinct")),
    ),
    Rule("fetch", "no FETCH FIRST; write LIMIT", "r_ORDER_BY_clause", of(exp.Fetch)),
    Rule("row_lock", "no FOR UPDATE and no FOR SHARE", "r_SELECT_synopsis", of(exp.Lock)),
    Rule(
        "correlated_subquery",
        "write a join or a window function: Redshift runs some correlated sub-queries only",
        "r_correlated_subqueries",
        correlated,
    ),
    Rule(
        "recursive_columns",
        "WITH RECURSIVE names the columns",
        "r_WITH_clause",
        of(
            exp.CTE,
            where=lambda cte: cte.parent.args.get("recursive") and not cte.args["alias"].columns,
        ),
    ),
    Rule(
        "one_ordering",
        "LISTAGG, MEDIAN and PERCENTILE_* of one SELECT must share one ordering",
        "r_LISTAGG",
        differently_ordered,
    ),
    Rule(
        "compute_node_function",
        "LISTAGG, MEDIAN and PERCENTILE_* need a table",
        "c_SQL_functions_compute_node_only",
        ordered_sets_without_table,
    ),
)

"""The syntax tree of one statement as PostgreSQL's SQL, with the results that Redshift documents.

Function names are never translated, they are sent to the schema that compatibility/*.sql makes: the
library's own translation loses a datediff's boundaries and more.
"""

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres

from tests.python.redshift.standin.functions import EMULATED, NOT_EMULATED
from tests.python.redshift.standin.grammar import RefusedError, Tree
from tests.python.redshift.standin.rules import check
from tests.python.redshift.standin.statement_rules import LONGEST_VARCHAR
from tests.python.redshift.standin.syntax import (
    STATEMENTS,
    Parts,
    call,
    first,
    is_in_expression,
    name_of,
    whole_query,
)
from tests.python.redshift.standin.values import with_redshift_types

DATE_PART_FUNCTIONS = {"date_part", "date_trunc", "dateadd", "datediff"}
OTHER_NAMES = {"array": "jsonb_build_array", "nvl": "coalesce"}
AGGREGATES = {
    "any_value",
    "avg",
    "bool_and",
    "bool_or",
    "count",
    "listagg",
    "max",
    "median",
    "min",
    "percentile_cont",
}
AGGREGATES |= {"percentile_disc", "stddev_pop", "stddev_samp", "sum", "var_pop", "var_samp"}
AGGREGATES |= {"string_agg"}  # what LISTAGG has become
PARTS_NOT_EMULATED = (exp.Qualify, exp.IgnoreNulls, exp.AtIndex, exp.Pivot, exp.ApproxDistinct)


def rewrite(parts: Parts) -> None:
    """Make a statement PostgreSQL's, in its place; raises RefusedError if Redshift refuses it."""
    check(parts)
    if absent := first(parts.calls_of(NOT_EMULATED - {"listagg"})):
        raise RefusedError(f"stand-in: {name_of(absent)}() is not emulated")
    if part := first(parts.of(*PARTS_NOT_EMULATED)):
        raise RefusedError(f"stand-in: {part.key.upper()} is not emulated")
    paths = {id(node) for node in parts.paths}
    # From the leaves up, so that what is in a call is done before the call is.
    for node in reversed(parts.nodes):
        if isinstance(node, exp.Identifier):
            if node.quoted:  # Redshift folds these too
                node.set("this", node.name.lower())
            elif node.name.startswith("#"):
                node.set("quoted", True)
        elif id(node) in paths:
            _navigate(parts, node)
        else:
            done = _node(node)
            if done is not node and done.parent is None:
                node.replace(done)
    _look_at_alone(parts)


def written(tree: Tree) -> str:
    """PostgreSQL's SQL of a tree."""
    return str(tree.sql(dialect=Postgres, normalize_functions=False))


def _look_at_alone(parts: Parts) -> None:
    """Refuse sub-queries that take a column of a query around them without naming its relation.

    Which one does, PostgreSQL alone knows. So it is also given each of them where there is nothing
    around it: as a part of the WITH that nobody reads, which PostgreSQL checks and never runs.
    """
    for number, select in enumerate(parts.of(exp.Select)):
        query = whole_query(select)
        if not is_in_expression(query) or query.find(exp.Select) is not select:
            continue
        if not any(len(column.parts) == 1 for column in query.find_all(exp.Column)):
            continue
        if home := _home(query):
            name = exp.TableAlias(this=exp.to_identifier(f"standin_alone_{number}"))
            alone = exp.CTE(this=query.unnest().copy(), alias=name)
            if beside := home.args.get("with_"):
                beside.append("expressions", alone)
            else:
                home.set("with_", exp.With(expressions=[alone]))


def _home(query: Tree) -> Tree | None:
    """What sees the same WITH as a sub-query of an expression does, and has no query around it."""
    home: Tree | None = None
    node: Tree | None = query
    while node is not None:
        if isinstance(node, exp.Query | exp.Exists) and is_in_expression(node):
            if node.args.get("with_"):
                return None  # what it sees of its own cannot be seen from outside
            home = None
        elif isinstance(node, exp.CTE) or (isinstance(node, exp.Subquery) and home is not None):
            break
        elif isinstance(node, (exp.Select, exp.SetOperation, *STATEMENTS)):
            home = node
            if node.args.get("with_"):
                break
        node = node.parent
    return home


def _navigate(parts: Parts, node: Tree) -> None:
    """Turn a path into SUPER, `document.data.wait_s` or `payload.stops[0]`, into a call."""
    names, path = parts.split_path(node)
    if not path:
        return
    own = dict(zip(("this", "table", "db", "catalog"), reversed(names), strict=False))
    column = exp.Column(**{name: part.copy() for name, part in own.items()})
    # By default paths are folded too, so a key in camelCase is never found.
    keys = [exp.Literal.string(part.name.lower()) for part in path]
    done: Tree = call("redshift.navigate", column, *keys)
    if isinstance(node.parent, exp.Select) and node.arg_key == "expressions":
        done = exp.alias_(done, path[-1].name.lower())
    node.replace(done)


def _node(node: Tree) -> Tree:
    if isinstance(node, exp.DataType):
        if node.this == exp.DType.SUPER:
            return exp.DataType.build("jsonb")
        if node.expressions and node.expressions[0].name.lower() == "max":
            return exp.DataType.build(f"varchar({LONGEST_VARCHAR})", dialect="postgres")
    elif isinstance(node, exp.Binary | exp.Cast):
        return with_redshift_types(node)
    elif isinstance(node, exp.Anonymous):
        name = name_of(node)
        if name in OTHER_NAMES:
            return call(OTHER_NAMES[name], *node.expressions)
        if name == "listagg" and not isinstance(node.parent, exp.WithinGroup):
            return _listagg(node, None)
        if name in EMULATED:
            arguments = list(node.expressions)
            if name in DATE_PART_FUNCTIONS:
                arguments[0] = exp.Literal.string(arguments[0].name.lower())
            return call(f"redshift.{name}", *arguments)
    elif isinstance(node, exp.CurrentTimestamp) and node.args.get("sysdate"):
        return call("redshift.sysdate")
    elif isinstance(node, exp.Extract):
        part = exp.Literal.string(node.this.name.lower())
        return call("redshift.date_part", part, node.expression)
    elif isinstance(node, exp.WithinGroup) and name_of(node.this) == "listagg":
        return _listagg(node.this, node.expression)
    elif isinstance(node, exp.Group) and node.args.get("all"):
        return _grouped(node)
    return node


def _listagg(listagg: Tree, order: Tree | None) -> Tree:
    arguments, distinct = listagg.expressions, ""
    if isinstance(arguments[0], exp.Distinct):
        arguments, distinct = arguments[0].expressions, "distinct "
    # NULL and empty strings are left out.
    value = f"nullif({written(exp.cast(arguments[0], 'text'))}, '')"
    separator = written(arguments[1]) if len(arguments) > 1 else "''"
    # With DISTINCT, PostgreSQL sorts by the very text that it joins alone.
    by = f" order by {value}" if distinct else f" {written(order)}" if order else ""
    return call("string_agg", exp.Var(this=f"{distinct}{value}, {separator}{by}"))


def _grouped(group: exp.Group) -> Tree:
    """GROUP BY ALL: by what is selected and has no aggregate function in it."""
    select = group.parent
    selected = select.expressions if isinstance(select, exp.Select) else []
    if any(item.find(exp.Star) and not item.find(exp.Count) for item in selected):
        raise RefusedError("stand-in: GROUP BY ALL of * is not emulated")
    places = [
        exp.Literal.number(place)
        for place, item in enumerate(selected, start=1)
        if not any(
            name_of(call).removeprefix("redshift.") in AGGREGATES
            for call in item.find_all(exp.Func)
        )
    ]
    return exp.Group(expressions=places)

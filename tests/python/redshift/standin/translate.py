"""One statement of Redshift's SQL as PostgreSQL's, with the results that Redshift documents.

Function names are never translated, they are sent to the schema that compatibility/*.sql makes: the
library's own translation loses a datediff's boundaries and more.
"""

import json
import re
from collections.abc import Iterator
from functools import cache

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres

from tests.python.redshift.standin.functions import EMULATED, NOT_EMULATED
from tests.python.redshift.standin.rules import (
    LONGEST_VARCHAR,
    RefusedError,
    Tree,
    check,
    name_of,
    parse,
    sources,
)
from tests.python.redshift.standin.unloading import unload_as_insert

NOTHING = "do $$ begin end $$"
DATE_PART_FUNCTIONS = {"date_part", "date_trunc", "dateadd", "datediff"}
NAMES_OF_TEXT = (exp.DType.NVARCHAR, exp.DType.TEXT, exp.DType.VARCHAR)
PARTS_NOT_EMULATED = (exp.Qualify, exp.IgnoreNulls, exp.AtIndex, exp.Pivot, exp.ApproxDistinct)
DEFAULT_VARCHAR = 256

# Sent as they are: PostgreSQL's mean the same, or it holds the catalog that they read.
UNCHANGED = {"abort", "analyze", "begin", "comment", "commit", "drop", "end", "explain", "lock"}
UNCHANGED |= {"rollback", "truncate"}
CATALOG = re.compile(
    r"\b(information_schema|pg_(class|namespace|user|proc|views|tables|depend|attribute|roles)"
    r"|pg_get_late_binding_view_cols|pg_backend_pid|svv_\w+)\b",
    re.IGNORECASE,
)
COMMENTS = re.compile(r"(\s|/\*.*?\*/|--[^\n]*(\n|$))+", re.DOTALL)
PARAMETERS = re.compile(r"\bvalues\s*\(\s*\$\d", re.IGNORECASE)
IGNORED_SETTINGS = re.compile(
    r"(re)?set\s+(session\s+)?(query_group|enable_\w+|json_\w+)", re.IGNORECASE
)
SCHEMA_IN_DATABASE = re.compile(
    r'((?:create|drop)\s+schema\s+(?:if\s+(?:not\s+)?exists\s+)?)"\w+"\.', re.IGNORECASE
)
SHOW = {
    r"show tables from schema \S+?\.(\S+)": "show_tables",
    r"show columns from table \S+?\.(\S+?)\.(\S+)": "show_columns",
    r"show schemas from database \S+( like \S+)?": "show_schemas",
    r"show grants on table \S+?\.(\S+?)\.(\S+)": "show_grants",
}


@cache
def translate(sql: str, in_transaction: bool) -> str:
    """PostgreSQL's form of a statement other than COPY; raises RefusedError."""
    body = stripped(sql)
    if found := SCHEMA_IN_DATABASE.match(body):  # as dbt names it with datasharing
        return found[1] + body[found.end() :]
    word = (re.match(r"[a-z]*", body, re.IGNORECASE) or [""])[0].lower()
    if word in UNCHANGED or not body:
        return body
    if word in ("set", "reset"):
        return NOTHING if IGNORED_SETTINGS.match(body) else body
    if word == "vacuum":
        return NOTHING
    if word == "show":
        return _show(body)
    if word == "unload":
        return unload_as_insert(body, lambda query: _tree(parse(query)))
    if word in ("grant", "revoke") or re.match(r"alter\s+default\s", body, re.IGNORECASE):
        return _grant(body)
    if word == "alter":
        return _alter(body, in_transaction)
    if re.match(r"create\s+(schema|user|group|role)\b", body, re.IGNORECASE):
        return re.sub(r"\bpassword\s+disable\b", "", body, flags=re.IGNORECASE)
    if word in ("select", "with") and CATALOG.search(body):
        body = re.sub(r"pg_catalog\.format_type\(", "redshift.format_type(", body)
        return re.sub(r'information_schema\."?columns"?', "redshift.columns", body)
    if word == "insert" and PARAMETERS.search(body):  # seeds
        return body
    if word not in ("select", "with", "create", "insert", "delete", "update"):
        raise RefusedError(f"stand-in: {word.upper()} is not emulated")
    return _tree(parse(body))


def stripped(sql: str) -> str:
    """A statement without the comments before it, such as dbt's, and without its semicolon."""
    comments = COMMENTS.match(sql)
    return sql[comments.end() if comments else 0 :].strip().rstrip(";").strip()


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _show(body: str) -> str:
    for pattern, function in SHOW.items():
        if found := re.fullmatch(pattern, " ".join(body.split()), re.IGNORECASE):
            names = (group and group.split()[-1].strip("\"'") for group in found.groups())
            given = ", ".join("null" if name is None else quoted(name) for name in names)
            return f"select * from redshift.{function}({given})"
    return body


def _grant(body: str) -> str:
    """Redshift says which names are roles, PostgreSQL has nothing else."""
    if re.search(r"\bfor\s+copy\s+jobs?\b", body, re.IGNORECASE):
        return NOTHING
    body = re.sub(r"^(grant|revoke)\s+role\s", r"\1 ", body, flags=re.IGNORECASE)
    return re.sub(r"(\b(?:to|from)|,)\s+(?:role|group)\s", r"\1 ", body, flags=re.IGNORECASE)


def _alter(body: str, in_transaction: bool) -> str:
    if in_transaction and re.search(r"\balter\s+column\s+\S+\s+type\b", body, re.IGNORECASE):
        raise RefusedError("ALTER COLUMN TYPE cannot run in a transaction block [r_ALTER_TABLE]")
    if found := re.search(r"\b(append\s+from|alter\s+(dist|sort)\w+)", body, re.IGNORECASE):
        raise RefusedError(f"stand-in: {found[0].upper()} is not emulated")
    return re.sub(r"\bsuper\b", "jsonb", body, flags=re.IGNORECASE)


def _tree(tree: Tree) -> str:
    check(tree)
    for call in tree.find_all(exp.Anonymous):
        if name_of(call) in NOT_EMULATED and name_of(call) != "listagg":
            raise RefusedError(f"stand-in: {name_of(call)}() is not emulated")
    if part := tree.find(*PARTS_NOT_EMULATED):
        raise RefusedError(f"stand-in: {part.key.upper()} is not emulated")
    for identifier in tree.find_all(exp.Identifier):
        if identifier.quoted:  # Redshift folds these too
            identifier.set("this", identifier.name.lower())
    _navigate(tree)
    # From the leaves up, so that what is in a call is done before the call is.
    for node in reversed(list(tree.walk())):
        done = _node(node)
        if done is not node:
            node.replace(done)
    if not isinstance(tree, exp.Create):
        return _sql(tree)
    return _create(tree)


def _sql(tree: Tree) -> str:
    return str(tree.sql(dialect=Postgres, normalize_functions=False))


def _create(tree: exp.Create) -> str:
    kind = tree.args["kind"]
    if kind not in ("TABLE", "VIEW") or (kind == "TABLE" and tree.args.get("replace")):
        raise RefusedError(f"Redshift has no CREATE {kind} of this form, or it is not emulated")
    if kind == "VIEW":
        if not tree.args.get("no_schema_binding"):
            return _sql(tree)
        definition = _sql(tree.expression.unnest())
        name = _sql(tree.this)
        return f"select redshift.create_late_binding_view({quoted(name)}, {quoted(definition)})"

    keys = dict(_keys(tree))
    for column in tree.find_all(exp.ColumnDef):
        _column(column)
    return f"/*keys {json.dumps(keys)} keys*/ {_sql(tree)}"


def _keys(tree: exp.Create) -> Iterator[tuple[str, object]]:
    """Distribution and sort keys, taken out of the statement."""
    yield "sortkeys", []
    properties = tree.args.get("properties")
    others = []
    for item in properties.expressions if properties else []:
        if isinstance(item, exp.DistKeyProperty):
            yield "distkey", item.name
            yield "diststyle", f"KEY({item.name})"
        elif isinstance(item, exp.DistStyleProperty):
            yield "diststyle", item.name.upper()
        elif isinstance(item, exp.SortKeyProperty):
            yield "sortkeys", [key.name for key in item.this]
        else:
            others.append(item)
    tree.set("properties", exp.Properties(expressions=others) if others else None)


def _column(column: exp.ColumnDef) -> None:
    """Redshift counts a VARCHAR's width in bytes, and gives it 256 of them without a width."""
    for constraint in list(column.args.get("constraints") or []):
        if isinstance(constraint.kind, exp.EncodeColumnConstraint):
            constraint.pop()
    if column.kind and column.kind.this in NAMES_OF_TEXT:
        given = column.kind.expressions
        width = given[0].name if given else str(DEFAULT_VARCHAR)
        column.set("kind", exp.DataType.build(f"varchar({width})", dialect="postgres"))
        fits = exp.condition(f'octet_length("{column.name}") <= {width}', dialect="postgres")
        kind = exp.CheckColumnConstraint(this=fits)
        column.append("constraints", exp.ColumnConstraint(kind=kind))


def _navigate(tree: Tree) -> None:
    """Turn paths into SUPER, `document.data.wait_s` or `payload.stops[0]`, into calls."""
    for node in list(tree.find_all(exp.Dot, exp.Bracket, exp.Column)):
        if isinstance(node.parent, exp.Dot | exp.Bracket) and node.arg_key == "this":
            continue  # part of a longer path
        parts = _path(node)
        known = _relations(node)
        first = parts[0].name.lower() if parts else ""
        if first in known:
            start = 2
        elif len(parts) > 2 and parts[1].name.lower() in known:
            start = 3  # schema.table.column
        else:
            start = 1
        if len(parts) <= start:
            continue
        own = dict(zip(("this", "table", "db"), reversed(parts[:start]), strict=False))
        column = exp.Column(**{name: part.copy() for name, part in own.items()})
        # By default paths are folded too, so a key in camelCase is never found.
        keys = [exp.Literal.string(part.name.lower()) for part in parts[start:]]
        call: Tree = _call("redshift.navigate", column, *keys)
        if isinstance(node.parent, exp.Select) and node.arg_key == "expressions":
            call = exp.alias_(call, parts[-1].name.lower())
        node.replace(call)


def _path(node: Tree) -> list[Tree]:
    if isinstance(node, exp.Column):
        return list(node.parts)
    if isinstance(node, exp.Dot):
        return [*_path(node.this), node.expression]
    if isinstance(node, exp.Bracket):
        return [*_path(node.this), node.expressions[0]]
    raise RefusedError(f"stand-in: path of {node.key} is not emulated")


def _relations(node: Tree) -> set[str]:
    """Names of the relations that a column may be of: those of its own query and all around it."""
    names = set()
    while node.parent is not None:
        node = node.parent
        if isinstance(node, exp.Select):
            names |= {source.alias_or_name.lower() for source in sources(node)}
        elif isinstance(node, exp.Delete | exp.Update | exp.Insert):
            names |= {table.alias_or_name.lower() for table in node.find_all(exp.Table)}
    return names


def _call(name: str, *arguments: Tree) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _node(node: Tree) -> Tree:
    if isinstance(node, exp.DataType):
        if node.this == exp.DType.SUPER:
            return exp.DataType.build("jsonb")
        if node.expressions and node.expressions[0].name.lower() == "max":
            return exp.DataType.build(f"varchar({LONGEST_VARCHAR})", dialect="postgres")
    if isinstance(node, exp.CurrentTimestamp) and node.args.get("sysdate"):
        return _call("redshift.sysdate")
    if isinstance(node, exp.Extract):
        part = exp.Literal.string(node.this.name.lower())
        return _call("redshift.date_part", part, node.expression)
    if isinstance(node, exp.WithinGroup) and name_of(node.this) == "listagg":
        return _listagg(node)
    if isinstance(node, exp.Anonymous) and name_of(node) == "nvl":
        return _call("coalesce", *node.expressions)
    if isinstance(node, exp.Anonymous) and name_of(node) in EMULATED:
        arguments = list(node.expressions)
        if name_of(node) in DATE_PART_FUNCTIONS:
            arguments[0] = exp.Literal.string(arguments[0].name.lower())
        return _call(f"redshift.{name_of(node)}", *arguments)
    return node


def _listagg(within: exp.WithinGroup) -> Tree:
    arguments, distinct = within.this.expressions, ""
    if isinstance(arguments[0], exp.Distinct):
        arguments, distinct = arguments[0].expressions, "distinct "
    value = _sql(exp.cast(arguments[0], "text"))
    separator = _sql(arguments[1]) if len(arguments) > 1 else "''"
    # With DISTINCT, PostgreSQL sorts by the very text that it joins alone.
    order = f"order by {value}" if distinct else _sql(within.expression)
    return _call("string_agg", exp.Var(this=f"{distinct}{value}, {separator} {order}"))

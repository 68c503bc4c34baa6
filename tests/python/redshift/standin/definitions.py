"""CREATE TABLE and CREATE VIEW as PostgreSQL's."""

import json
from collections.abc import Iterator

from sqlglot import exp

from tests.python.redshift.standin.rewrite import rewrite, written
from tests.python.redshift.standin.syntax import Parts, RefusedError

NAMES_OF_TEXT = (exp.DType.NVARCHAR, exp.DType.TEXT, exp.DType.VARCHAR)
DEFAULT_VARCHAR = 256


def quoted(text: str) -> str:
    """A text as a literal of PostgreSQL."""
    return "'" + text.replace("'", "''") + "'"


def create(parts: Parts) -> str:
    """PostgreSQL's form of a CREATE; raises RefusedError."""
    rewrite(parts)
    tree = parts.tree
    kind = tree.args["kind"]
    if kind not in ("TABLE", "VIEW") or (kind == "TABLE" and tree.args.get("replace")):
        raise RefusedError(f"Redshift has no CREATE {kind} of this form, or it is not emulated")
    if kind == "VIEW":
        if not tree.args.get("no_schema_binding"):
            return written(tree)
        definition = written(tree.expression.unnest())
        name = written(tree.this)
        return f"select redshift.create_late_binding_view({quoted(name)}, {quoted(definition)})"

    keys = dict(_keys(tree))
    for column in parts.of(exp.ColumnDef):
        if isinstance(column, exp.ColumnDef):
            _column(column)
    return f"/*keys {json.dumps(keys)} keys*/ {written(tree)}"


def _keys(tree: exp.Expr) -> Iterator[tuple[str, object]]:
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

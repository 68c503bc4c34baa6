"""CREATE TABLE and CREATE VIEW as PostgreSQL's."""

import json
from typing import Any

from sqlglot import exp

from tests.python.redshift.standin.grammar import RefusedError, Tree
from tests.python.redshift.standin.rewrite import rewrite, written
from tests.python.redshift.standin.syntax import Parts

NAMES_OF_TEXT = (exp.DType.NVARCHAR, exp.DType.TEXT, exp.DType.VARCHAR)
DEFAULT_VARCHAR = 256
CONSTRAINTS = (exp.PrimaryKey, exp.ForeignKey, exp.UniqueColumnConstraint)


def quoted(text: str) -> str:
    """A text as a literal of PostgreSQL."""
    return "'" + text.replace("'", "''") + "'"


def create(parts: Parts, body: str) -> str:
    """PostgreSQL's form of a CREATE, `body` as it came; raises RefusedError."""
    rewrite(parts)
    tree = parts.tree
    kind = tree.args["kind"]
    if kind == "TABLE" and not tree.args.get("replace"):
        return _table(parts)
    if kind == "VIEW":
        return _view(parts, body)
    raise RefusedError(f"Redshift has no CREATE {kind} of this form, or it is not emulated")


def _table(parts: Parts) -> str:
    tree = parts.tree
    keys = _keys(tree)
    for column in parts.of(exp.ColumnDef):
        _column(column, keys)
    if isinstance(tree.this, exp.Schema):
        for item in list(tree.this.expressions):
            _key_of_table(tree.this, item, keys)
    if parts.tables[0].name.startswith("#"):
        _temporary(tree)
    return f"/*keys {json.dumps(keys)} keys*/ {written(tree)}"


def _view(parts: Parts, body: str) -> str:
    tree = parts.tree
    properties = tree.args.get("properties")
    kinds = {type(item): item for item in (properties.expressions if properties else [])}
    definition = written(tree.expression.unnest())
    name = written(tree.this)
    if exp.MaterializedProperty in kinds:
        refreshed = kinds.get(exp.AutoRefreshProperty)
        keys = json.dumps(_keys(tree))
        is_refreshed = bool(refreshed and refreshed.name.upper() == "YES")
        made = ", ".join(map(quoted, (name, definition, f"{body};", str(is_refreshed))))
        return f"/*keys {keys} keys*/ select redshift.create_materialized_view({made})"
    if tree.args.get("no_schema_binding"):
        reads = json.dumps(sorted(written(_named(table)) for table in parts.tables[1:]))
        made = ", ".join(map(quoted, (name, definition, reads)))
        how = "replace" if tree.args.get("replace") else "create"
        return f"select redshift.{how}_late_binding_view({made})"
    if name.startswith('"#'):
        _temporary(tree)
    return written(tree)


def _named(table: exp.Table) -> Tree:
    if not table.db:
        # r_CREATE_VIEW
        raise RefusedError(f"a late-binding view names the schema of what it reads: {table.name}")
    parts = {name: table.args.get(name) for name in ("this", "db", "catalog")}
    return exp.Table(**{name: part.copy() for name, part in parts.items() if part})


def _temporary(tree: Tree) -> None:
    properties = tree.args.get("properties") or exp.Properties(expressions=[])
    properties.append("expressions", exp.TemporaryProperty())
    tree.set("properties", properties)


def _keys(tree: Tree) -> dict[str, Any]:
    """Distribution and sort keys, taken out of the statement.

    They and what else keep_keys() of the catalog checks once the table is there: columns that keys
    and constraints name, tables that they refer to.
    """
    keys: dict[str, Any] = {"sortkeys": []}
    properties = tree.args.get("properties")
    others = []
    for item in properties.expressions if properties else []:
        if isinstance(item, exp.DistKeyProperty):
            keys["distkey"] = item.name
            keys["diststyle"] = f"KEY({item.name})"
        elif isinstance(item, exp.DistStyleProperty):
            if item.name.upper() != "AUTO":
                keys["diststyle"] = item.name.upper()
        elif isinstance(item, exp.SortKeyProperty):
            if isinstance(item.this, list):
                keys["sortkeys"] = [key.name for key in item.this]
                if not item.args.get("compound"):
                    keys["interleaved"] = True
        elif not isinstance(item, exp.BackupProperty | exp.EncodeProperty):
            others.append(item)
    tree.set("properties", exp.Properties(expressions=others) if others else None)
    return keys


def _column(column: Tree, keys: dict[str, Any]) -> None:
    for constraint in list(column.args.get("constraints") or []):
        kind = constraint.kind
        if isinstance(kind, exp.Var):
            if kind.name == "SORTKEY":
                keys["sortkeys"].append(column.name)
            else:
                keys["distkey"] = column.name
                keys["diststyle"] = f"KEY({column.name})"
        elif isinstance(kind, exp.PrimaryKeyColumnConstraint):
            constraint.set("kind", exp.NotNullColumnConstraint())
            continue
        elif isinstance(kind, exp.Reference):
            _refer(kind, keys)
        elif isinstance(kind, exp.CollateColumnConstraint):
            if kind.this.name.lower() != "case_sensitive":
                raise RefusedError("stand-in: COLLATE CASE_INSENSITIVE is not emulated")
        elif isinstance(kind, exp.GeneratedAsIdentityColumnConstraint):
            # IDENTITY (…), other than GENERATED BY DEFAULT AS IDENTITY (…), takes no values.
            kind.set("this", "on_null" not in kind.args)
            kind.set("minvalue", kind.args["start"].copy())
            continue
        elif not isinstance(kind, exp.EncodeColumnConstraint | exp.UniqueColumnConstraint):
            continue
        constraint.pop()
    kind = column.args.get("kind")
    if kind and kind.this in NAMES_OF_TEXT:
        # Redshift counts a VARCHAR's width in bytes, and gives it 256 of them without a width.
        given = kind.expressions
        width = given[0].name if given else str(DEFAULT_VARCHAR)
        column.set("kind", exp.DataType.build(f"varchar({width})", dialect="postgres"))
        fits = exp.condition(f'octet_length("{column.name}") <= {width}', dialect="postgres")
        check = exp.CheckColumnConstraint(this=fits)
        column.append("constraints", exp.ColumnConstraint(kind=check))


def _key_of_table(table: Tree, item: Tree, keys: dict[str, Any]) -> None:
    """Take a key of a table away: Redshift keeps what it says, and enforces none."""
    kinds = item.expressions if isinstance(item, exp.Constraint) else [item]
    for kind in kinds:
        if not isinstance(kind, CONSTRAINTS):
            return
        named = kind.this if isinstance(kind, exp.UniqueColumnConstraint) else kind
        keys.setdefault("columns", []).extend(column.name for column in named.expressions)
        if isinstance(kind, exp.ForeignKey):
            _refer(kind.args["reference"], keys)
        if isinstance(kind, exp.PrimaryKey):
            names = {column.name for column in kind.expressions}
            for column in table.expressions:
                if isinstance(column, exp.ColumnDef) and column.name in names:
                    required = exp.ColumnConstraint(kind=exp.NotNullColumnConstraint())
                    column.append("constraints", required)
    item.pop()


def _refer(reference: Tree, keys: dict[str, Any]) -> None:
    table = reference.find(exp.Table)
    if table:
        keys.setdefault("tables", []).append(written(table))

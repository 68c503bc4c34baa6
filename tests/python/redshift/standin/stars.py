"""``SELECT * EXCLUDE``: the columns by name, because PostgreSQL has nothing like it.

What a star stands for the database alone knows, so it is asked first: a statement comes here once
without the answer, and again with it. Redshift Developer Guide: r_EXCLUDE_list.
"""

from collections.abc import Mapping

from sqlglot import exp

from tests.python.redshift.standin.grammar import RefusedError, Tree
from tests.python.redshift.standin.rewrite import rewrite, written
from tests.python.redshift.standin.syntax import Parts, sources

Stars = tuple[tuple[str, tuple[str, ...]], ...]


class ColumnsWanted(Exception):  # noqa: N818
    """The columns of a query must be known.

    query  PostgreSQL's, of no rows
    """

    def __init__(self, query: str) -> None:
        super().__init__(query)
        self.query = query


def expanded(parts: Parts, known: Mapping[str, tuple[str, ...]]) -> Parts:
    """The statement with each star that lacks columns as the others.

    `known` has the columns of queries; raises ColumnsWanted for the first that it lacks.
    """
    stars = [star for star in parts.of(exp.Star) if star.args.get("except_")]
    for select in [star.find_ancestor(exp.Select) for star in stars]:
        if isinstance(select, exp.Select):
            _expand(select, known)
    return Parts(parts.tree) if stars else parts


def _expand(select: exp.Select, known: Mapping[str, tuple[str, ...]]) -> None:
    selected: list[Tree] = []
    excluded: set[str] = set()
    relations = [source.alias_or_name for source in sources(select)]
    stars: list[str] = []
    for item in select.expressions:
        star = item.this if isinstance(item, exp.Column) else item
        if excluded:
            # EXCLUDE ends the list, so what follows is what it names.
            excluded.add(item.name.lower())
        elif isinstance(star, exp.Star):
            excluded = {column.name.lower() for column in star.args.get("except_") or []}
            stars = [item.table] if isinstance(item, exp.Column) else relations
            for relation in stars:
                selected += [
                    exp.column(name, table=relation, quoted=True)
                    for name in _columns(select, relation, known)
                ]
        else:
            selected.append(item)
    unknown = excluded - {column.name for column in selected}
    if unknown:
        raise RefusedError(f"EXCLUDE names no column of the query: {', '.join(sorted(unknown))}")
    kept = [column for column in selected if column.alias_or_name not in excluded]
    select.set("expressions", kept)


def _columns(
    select: exp.Select, relation: str, known: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    query = exp.Select(expressions=[exp.column(exp.Star(), table=relation)])
    for part in ("from_", "joins"):
        query.set(part, _copied(select.args.get(part)))
    visible = _visible(select)
    if visible:
        query.set("with_", exp.With(expressions=[cte.copy() for cte in visible]))
    parts = expanded(Parts(query), known)
    rewrite(parts)
    asked = f"{written(query)} limit 0"
    if asked not in known:
        raise ColumnsWanted(asked)
    return known[asked]


def _visible(select: Tree) -> list[Tree]:
    """What WITH has named where a query stands."""
    visible: list[Tree] = []
    node: Tree | None = select
    while node is not None:
        with_ = node.args.get("with_")
        visible[:0] = with_.expressions if with_ else []
        around = node.parent
        if isinstance(around, exp.With):  # a part of it, which sees those before
            visible[:0] = around.expressions[: around.expressions.index(node)]
            around = around.parent and around.parent.parent
        node = around
    return visible


def _copied(part: object) -> object:
    if isinstance(part, list):
        return [item.copy() for item in part]
    return part.copy() if isinstance(part, exp.Expr) else part

"""Which joins of a query Redshift would run as nested loops: those without an equality.

Redshift Developer Guide, c-the-query-plan: nested loops are for cross joins and some inequality
joins.
"""

from sqlglot import exp

from tests.python.redshift.standin.rules import Tree


def loops(tree: Tree) -> list[str]:
    """Joins without an equality between a column of the joined relation and one of another.

    Each as SQL. An equality counts where it must hold, so not beneath OR. A scalar sub-query is no
    join; one in FROM is.
    """
    return [
        join.sql(dialect="redshift")[:200]
        for join in tree.find_all(exp.Join)
        if not join.args.get("using") and not any(map(_relates, _conditions(join.args.get("on"))))
    ]


def _conditions(node: Tree | None) -> list[Tree]:
    if isinstance(node, exp.Paren):
        return _conditions(node.this)
    if isinstance(node, exp.And):
        return [*_conditions(node.left), *_conditions(node.right)]
    return [] if node is None else [node]


def _relates(condition: Tree) -> bool:
    if not isinstance(condition, exp.EQ):
        return False
    left, right = (
        {column.table for column in side.find_all(exp.Column)}
        for side in (condition.left, condition.right)
    )
    return bool(left and right and not left & right)

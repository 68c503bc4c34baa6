"""What Redshift refuses and PostgreSQL or DuckDB would take, as a table of rules.

Works on the syntax tree alone, so that compiled SQL can be checked without a server. Only what the
documents say is a rule; what a real cluster teaches becomes one more. Each has an accepted and a
refused case in test_rules.py. What needs a table's columns or its data is refused as it runs:
compatibility/, copying.py and translate.py, with their cases in test_statements.py.
"""

from sqlglot.dialects.postgres import Postgres

from tests.python.redshift.standin.grammar import RefusedError, Tree
from tests.python.redshift.standin.query_rules import QUERY_RULES
from tests.python.redshift.standin.rule import Rule
from tests.python.redshift.standin.statement_rules import STATEMENT_RULES
from tests.python.redshift.standin.syntax import Parts, first

RULES = (*QUERY_RULES, *STATEMENT_RULES)


def violations(tree: Tree) -> list[tuple[Rule, str]]:
    """Each rule that the statement breaks, with the first part of it that does."""
    return _violations(Parts(tree))


def check(parts: Parts) -> None:
    """Raises RefusedError with every rule that the statement breaks."""
    if broken := _violations(parts):
        told = (f"{rule.message}: {sql[:120]} [{rule.id}, {rule.source}]" for rule, sql in broken)
        raise RefusedError("not supported on Redshift: " + "; ".join(told))


def _violations(parts: Parts) -> list[tuple[Rule, str]]:
    broken = ((rule, first(rule.find(parts))) for rule in RULES)
    return [(rule, part.sql(dialect=Postgres)) for rule, part in broken if part is not None]

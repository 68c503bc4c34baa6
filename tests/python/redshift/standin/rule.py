"""What a rule is: one thing that Redshift refuses, and how it is found in a statement."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tests.python.redshift.standin.grammar import Tree
from tests.python.redshift.standin.syntax import Parts

Find = Callable[[Parts], Iterable[Tree]]


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


def of(*types: type[Tree], where: Callable[[Any], Any] = lambda part: True) -> Find:
    """Find the parts of these types that a condition holds for."""
    return lambda parts: (part for part in parts.of(*types) if where(part))

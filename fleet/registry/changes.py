"""What a difference between two registries is, and how much it asks of others."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How much a change asks of others, worst first."""

    BREAKING = "breaking"
    VERSIONED = "breaking, with a new version"
    WARNING = "warning"
    COMPATIBLE = "compatible"


@dataclass(frozen=True)
class Change:
    """One difference.

    Attributes:
        rule: id of the rule that judged it.
        where: the row, such as "delivery.pickup_completed, field wait_s".
        text: what changed and how to do it right, the rest of the sentence.
    """

    kind: Kind
    rule: str
    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.rule}  {self.where}: {self.text}."

"""`fleet session`: the story of one delivery, robot or order, read from the marts."""

from fleet.session.command import session

__all__ = ["session"]

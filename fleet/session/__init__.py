"""`fleet session` and `fleet why`: the story of a delivery, robot or order, read from the marts."""

from fleet.session.command import session, why

__all__ = ["session", "why"]

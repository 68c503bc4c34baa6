"""The one kind of error that ends a command of `fleet`."""

from __future__ import annotations

import click


class FleetError(click.ClickException):
    """Something the user can correct: its message is one sentence that says what to do next.

    Raise it from anywhere below a command: click prints it without a traceback and exits with 1,
    so that no command needs to catch it.
    """

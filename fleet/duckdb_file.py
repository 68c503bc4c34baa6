"""Opens a DuckDB file: one process may write it, or several may read it, but not both at once."""

from __future__ import annotations

import os
import time
from pathlib import Path

import click
import duckdb

from fleet.errors import FleetError

database_option = click.option(
    "--database",
    type=click.Path(path_type=Path),
    default=lambda: Path(os.environ.get("FLEET_DATABASE", "data/warehouse.duckdb")),
    help="DuckDB file with the marts.  [default: FLEET_DATABASE or data/warehouse.duckdb]",
)
Config = dict[str, str | bool | int | float | list[str]]
SECONDS_BETWEEN_TRIES = 0.05


class DatabaseError(FleetError):
    """The file cannot be opened; the message says what to do next."""


class DatabaseBusyError(DatabaseError):
    """Another process has the file open at the moment."""


def open_database(
    path: Path, config: Config, *, read_only: bool = False, wait_seconds: float = 0
) -> duckdb.DuckDBPyConnection:
    """Open a file, made where there is none unless it is only read.

    `config`: DuckDB's own settings; all connections of a process need the same. `wait_seconds`: how
    long to try again while another process keeps the file locked.

    Raises:
        DatabaseBusyError: it still does.
        DatabaseError: the file is no database, or not of a version that can be read.
    """
    give_up_at = time.monotonic() + wait_seconds
    while True:
        try:
            return duckdb.connect(str(path), read_only=read_only, config=config)
        except duckdb.Error as error:
            # Not an IOException for each: DuckDB takes a name such as x.csv for data to be queried.
            if "Could not set lock" not in str(error):
                raise DatabaseError(
                    f"{path} is not a DuckDB file that can be opened "
                    f"({' '.join(str(error).split())}); name another with FLEET_DATABASE."
                ) from error
            if time.monotonic() >= give_up_at:
                raise DatabaseBusyError(
                    f"{path} is in use by another process, such as a dbt run or a database "
                    "client; try again when it has ended."
                ) from error
        time.sleep(SECONDS_BETWEEN_TRIES)

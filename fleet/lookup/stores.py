"""Where the marts are: a DuckDB file or Amazon Redshift, each read and never written."""

from __future__ import annotations

import os
import re
import threading
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import duckdb

from fleet.duckdb_file import Config, open_database
from fleet.errors import FleetError

Row = dict[str, Any]

# Every connection of a process must have the same settings, or DuckDB refuses the second.
READ_ONLY: Config = {
    "enable_external_access": "false",
    "lock_configuration": "true",
}
# What dbt's schemas begin with in profiles.yml.example.
SCHEMA = "fleet"
# A query that takes longer helps nobody who waits in front of a page.
REDSHIFT_TIMEOUT_SECONDS = 60


class MartsError(FleetError):
    """The marts cannot be read; its message says what to do next."""


class Marts(Protocol):
    """Marts that answer queries."""

    @property
    def schema(self) -> str:
        """The schema that they are in."""
        ...

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Rows of one query as dictionaries, times as aware UTC; `?` in `sql` are parameters."""
        ...

    def held(self) -> AbstractContextManager[None]:
        """Keep open, for several queries in a row, what each would open by itself."""
        ...

    def close(self) -> None:
        """Release what is kept between queries; the next one opens it again."""
        ...


def as_rows(names: Iterable[str], values: Iterable[Sequence[Any]]) -> list[Row]:
    """Rows as dictionaries; both engines hand out timestamptz in a zone of the session."""
    names = list(names)
    return [
        {
            name: value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo else value
            for name, value in zip(names, row, strict=True)
        }
        for row in values
    ]


@contextmanager
def reading(
    database: Path, config: Config, wait_seconds: float = 0
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB file, opened to be read.

    Raises MartsError, also where a query misses a table, and DatabaseError of `open_database`.
    """
    try:
        exists = database.exists()
    except OSError:
        # Such as a name that no file can have.
        exists = False
    if not exists:
        raise MartsError(
            f"There is no database {database}; run `make demo`, or name yours with "
            "--database or FLEET_DATABASE."
        )
    with open_database(database, config, read_only=True, wait_seconds=wait_seconds) as connection:
        try:
            yield connection
        except duckdb.IOException as error:
            raise MartsError(
                f"{database} is damaged; build it again, or name another with --database or "
                "FLEET_DATABASE."
            ) from error
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise MartsError(
                f"{database} holds no delivery sessions of this version; run `dbt build` first."
            ) from error


@dataclass(frozen=True)
class DuckDBMarts:
    """The marts in a DuckDB file.

    Opened for each query and closed again: an open connection keeps a nightly run from writing.
    A file that is being written is tried again for `wait_seconds`.
    """

    database: Path
    schema: str = f"{SCHEMA}_marts"
    wait_seconds: float = 0

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """See Marts; raises MartsError or DatabaseError."""
        with reading(self.database, READ_ONLY, self.wait_seconds) as connection:
            connection.execute(f'use "{self.schema}"')
            cursor = connection.execute(sql, parameters)
            names = [column[0] for column in cursor.description or []]
            return as_rows(names, cursor.fetchall())

    @contextmanager
    def held(self) -> Iterator[None]:
        """See Marts; a nightly run waits until it ends. Raises MartsError or DatabaseError."""
        with reading(self.database, READ_ONLY, self.wait_seconds):
            yield

    def close(self) -> None:
        """See Marts; nothing is kept."""


@dataclass
class RedshiftMarts:
    """The marts on Redshift, over one connection, in transactions that only read.

    `connect` makes a connection of redshift_connector, as the dbt profile has it.
    """

    connect: Callable[[], Any]
    schema: str
    _connection: Any = field(default=None, init=False)
    # redshift_connector shares no connection between threads, and each visitor has one.
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """See Marts; raises MartsError."""
        from botocore.exceptions import BotoCoreError, ClientError
        from redshift_connector.error import Error, InterfaceError

        with self._lock:
            try:
                is_kept = self._connection is not None
                try:
                    return self._rows(sql, parameters)
                except (InterfaceError, OSError):
                    # Redshift closes connections that were idle for long.
                    self.close()
                    if not is_kept:
                        raise
                    return self._rows(sql, parameters)
            # Those of botocore where AWS, asked to sign the user in, does not.
            except (Error, OSError, BotoCoreError, ClientError) as error:
                self.close()
                raise MartsError(f"Redshift did not answer: {_in_one_line(error)}") from error

    def held(self) -> AbstractContextManager[None]:
        """See Marts; the connection is kept anyway."""
        return nullcontext()

    def close(self) -> None:
        """Close the connection, in whatever state it is; the next query makes another."""
        if self._connection is not None:
            # What is closed or broken already refuses to be closed.
            with suppress(Exception):
                self._connection.close()
            self._connection = None

    def _rows(self, sql: str, parameters: Sequence[object]) -> list[Row]:
        if self._connection is None:
            self._connection = self.connect()
            self._connection.autocommit = True
            self._execute(f"set statement_timeout to {REDSHIFT_TIMEOUT_SECONDS * 1000}")
            self._execute(f'set search_path to "{self.schema}"')
        self._execute("begin read only")
        cursor = self._execute(sql, parameters)
        rows = as_rows([column[0] for column in cursor.description], cursor.fetchall())
        self._execute("commit")
        return rows

    def _execute(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        cursor = self._connection.cursor()
        cursor.paramstyle = "qmark"
        cursor.execute(sql, tuple(parameters))
        return cursor


def _in_one_line(error: BaseException) -> str:
    """What it says; Redshift's driver hands out a dictionary of which M is the message."""
    said = error.args[0] if error.args else error
    return " ".join(str(said.get("M", said) if isinstance(said, dict) else said).split())


def open_marts(project_dir: Path, target: str | None = None, wait_seconds: float = 0) -> Marts:
    """The marts of a target of the project's dbt profile.

    `target`: as dbt has it, DBT_TARGET where none is named, and without that the profile's own.
    `wait_seconds`: how long to wait for a DuckDB file that is being written. Raises MartsError.
    """
    profiles_dir = Path(os.environ.get("DBT_PROFILES_DIR", project_dir))
    if not (profiles_dir / "profiles.yml").exists():
        raise MartsError(
            f"There is no profiles.yml in {profiles_dir}; run `make setup`, or name the folder of "
            "yours with DBT_PROFILES_DIR."
        )
    # dbt takes a second to import, so that only those who need a profile pay for it.
    from dbt.config.runtime import load_profile
    from dbt.flags import set_from_args
    from dbt_common.context import set_invocation_context
    from dbt_common.exceptions import DbtBaseException

    set_invocation_context(os.environ)
    set_from_args(Namespace(PROFILES_DIR=str(profiles_dir)), None)
    target = target or os.environ.get("DBT_TARGET")
    try:
        # Each adapter has credentials of its own.
        credentials: Any = load_profile(str(project_dir), {}, target_override=target).credentials
        schema = f"{credentials.schema}_marts"
        if not re.fullmatch(r"\w+", schema):
            raise MartsError(f"The profile's schema must be letters, digits and _, not {schema!r}.")
        if credentials.type == "duckdb":
            return DuckDBMarts(Path(credentials.path), schema, wait_seconds)
        if credentials.type == "redshift":
            from dbt.adapters.redshift.connections import get_connection_method

            return RedshiftMarts(get_connection_method(credentials), schema)
    except DbtBaseException as error:
        raise MartsError(f"The dbt profile cannot be used: {_in_one_line(error)}") from error
    raise MartsError(
        f"The marts are on DuckDB or Redshift, not on {credentials.type}; choose another target "
        "with --target or DBT_TARGET."
    )

"""A connection that may write to where dbt builds: a DuckDB file or Amazon Redshift.

For what `fleet erase` and `fleet retention` do beside dbt, in SQL that both engines read.
"""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from fleet.duckdb_file import open_database
from fleet.errors import FleetError

WAIT_SECONDS = 30
RAW = "event_log"
LONGEST_TEXT = 65_535
"""Bytes of a varchar on Redshift, and so of a line that can be searched there."""


class TargetError(FleetError):
    """The warehouse cannot be written; its message says what to do next."""


@dataclass
class Target:
    """Where dbt builds, as its profile names it.

    Attributes:
        engine: duckdb or redshift.
        schema: what the schemas of dbt begin with.
        name: the target of the profile.
        database: the DuckDB file.
        connect: makes a connection of redshift_connector.
    """

    engine: str
    schema: str
    name: str
    database: Path | None = None
    connect: Callable[[], Any] | None = None

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction, committed in the end; taken back after an error. Raises FleetError."""
        if self.database is not None:
            with open_database(self.database, {}, wait_seconds=WAIT_SECONDS) as connection:
                connection.execute("set TimeZone = 'UTC'")
                session = Session(self, lambda sql: _duckdb_rows(connection, sql))
                session.duckdb = connection
                connection.begin()
                yield session
                connection.commit()
            return
        assert self.connect is not None
        from redshift_connector.error import Error

        try:
            connection = self.connect()
            try:
                yield Session(self, lambda sql: _redshift_rows(connection, sql))
                connection.commit()
            finally:
                # What is closed or broken already refuses to be closed.
                with suppress(Exception):
                    connection.close()
        except Error as error:
            said = error.args[0] if error.args else error
            text = said.get("M", said) if isinstance(said, dict) else said
            raise TargetError(
                f"Redshift refused ({' '.join(str(text).split())}); nothing was changed."
            ) from error


@dataclass
class Session:
    """Runs SQL in one transaction.

    Attributes:
        target: where.
        rows: runs a statement and gives its rows.
        duckdb: the connection, where it is one of DuckDB.
    """

    target: Target
    rows: Callable[[str], list[tuple[Any, ...]]]
    duckdb: duckdb.DuckDBPyConnection | None = None

    @property
    def is_duckdb(self) -> bool:
        return self.duckdb is not None

    def table(self, part: str, name: str) -> str:
        """A table of dbt's, such as `fleet_staging.base_event_log__lines`."""
        return f"{self.target.schema}_{part}.{name}"

    def exists(self, relation: str) -> bool:
        """Whether there is such a table or view."""
        schema, name = relation.split(".")
        return bool(
            self.rows(
                "select table_name from information_schema.tables"
                f" where table_schema = {literal(schema)} and table_name = {literal(name)}"
            )
        )

    def text_columns(self, relation: str) -> list[tuple[str, bool]]:
        """Columns that hold text, and whether it is JSON."""
        schema, name = relation.split(".")
        found = self.rows(
            "select column_name, data_type from information_schema.columns"
            f" where table_schema = {literal(schema)} and table_name = {literal(name)}"
            " order by ordinal_position"
        )
        kinds = {"varchar": False, "text": False, "character varying": False, "json": True}
        kinds |= {"super": True, "character": False}
        return [(column, kinds[kind.lower()]) for column, kind in found if kind.lower() in kinds]

    def text_of(self, column: str, is_json: bool) -> str:
        """A column as the text that can be searched, as SQL."""
        if not is_json:
            return column
        if self.is_duckdb:
            return f"cast({column} as varchar)"
        # A longer one has no text.
        return f"case when json_size({column}) <= {LONGEST_TEXT} then json_serialize({column}) end"

    def matches(self, text: str, pattern: str) -> str:
        """Whether a text, as SQL, has a part like a POSIX pattern."""
        if self.is_duckdb:
            return f"regexp_matches({text}, {self.literal(pattern)})"
        return f"{text} ~ {self.literal(pattern)}"

    def literal(self, value: Any) -> str:
        """A value as SQL."""
        text = literal(value)
        # A backslash is an escape in Redshift's literals.
        return text if self.is_duckdb else text.replace("\\", "\\\\")


def literal(value: Any) -> str:
    """A value as SQL; text without a backslash, or for DuckDB."""
    if value is None:
        return "null"
    if isinstance(value, datetime):
        return f"cast('{value:%Y-%m-%d %H:%M:%S.%f}' as timestamp)"
    if isinstance(value, int):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


def _duckdb_rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql).fetchall()


def _redshift_rows(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [tuple(row) for row in cursor.fetchall()] if cursor.description else []


def open_target(project_dir: Path, target: str | None = None) -> Target:
    """The target of the project's dbt profile; DBT_TARGET or the profile's own where none is named.

    Raises TargetError.
    """
    profiles_dir = Path(os.environ.get("DBT_PROFILES_DIR", project_dir))
    if not (profiles_dir / "profiles.yml").exists():
        raise TargetError(
            f"There is no profiles.yml in {profiles_dir}; run `make setup`, or name the folder of "
            "yours with DBT_PROFILES_DIR."
        )
    from dbt.config.runtime import load_profile
    from dbt.flags import set_from_args
    from dbt_common.context import set_invocation_context
    from dbt_common.exceptions import DbtBaseException

    set_invocation_context(os.environ)
    set_from_args(Namespace(PROFILES_DIR=str(profiles_dir)), None)
    try:
        profile = load_profile(
            str(project_dir), {}, target_override=target or os.environ.get("DBT_TARGET")
        )
    except DbtBaseException as error:
        raise TargetError(
            f"The dbt profile cannot be used: {' '.join(str(error).split())}"
        ) from error
    # Each adapter has credentials of its own.
    credentials: Any = profile.credentials
    if credentials.type == "duckdb":
        database = Path(credentials.path)
        if not database.exists():
            raise TargetError(
                f"There is no database {database}; name yours with --database or FLEET_DATABASE."
            )
        return Target("duckdb", credentials.schema, profile.target_name, database)
    if credentials.type == "redshift":
        from dbt.adapters.redshift.connections import get_connection_method

        connect = get_connection_method(credentials)
        return Target("redshift", credentials.schema, profile.target_name, connect=connect)
    raise TargetError(
        f"The warehouse is DuckDB or Redshift, not {credentials.type}; choose another target with "
        "--target or DBT_TARGET."
    )

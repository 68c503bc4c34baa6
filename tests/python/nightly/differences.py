"""Compares the tables of a database that nightly runs made with those of a full refresh."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

SCHEMAS = ("fleet_intermediate", "fleet_marts")
TABLES = {("fleet_staging", "base_event_log__lines")}
# All that may differ: which run wrote a row, a random number, and what the last run rebuilt.
COLUMNS_OF_THE_RUN = {"processed_run", "changed_run", "copy_token"}
TABLES_OF_THE_RUN = "int_affected_"
ROWS_SHOWN = 2

Tables = Mapping[str, pa.Table]


@dataclass(frozen=True)
class Difference:
    """Rows of one table that only one side has, at most ROWS_SHOWN in the text."""

    table: str
    missing: list[dict[str, Any]]
    extra: list[dict[str, Any]]

    def __str__(self) -> str:
        sides = (("missing", self.missing), ("too many", self.extra))
        lines = [f"{self.table}: {len(self.missing)} rows missing, {len(self.extra)} too many"]
        for side, rows in sides:
            lines += [f"  {side}: {_shown(row)}" for row in rows[:ROWS_SHOWN]]
        if len(self.missing) == len(self.extra) == 1:
            pairs = zip(self.missing[0].items(), self.extra[0].values(), strict=True)
            lines += [
                f"  {name}: {a!r} in the full refresh, {b!r} here"
                for (name, a), b in pairs
                if a != b
            ]
        return "\n".join(lines)


def differences(nightly: Tables, refreshed: Tables) -> list[Difference]:
    """What nightly runs made otherwise than a full refresh, in rows that only one side has."""
    assert nightly.keys() == refreshed.keys()
    found = []
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for name in sorted(nightly):
            assert nightly[name].schema.names == refreshed[name].schema.names, name
            connection.register("nightly", nightly[name])
            connection.register("refreshed", refreshed[name])
            # In any order, and much faster than row by row.
            sums = [
                connection.execute(f"select count(*), sum(hash(row)) from {side} as row").fetchall()
                for side in ("nightly", "refreshed")
            ]
            if sums[0] != sums[1]:
                missing = _except(connection, "refreshed", "nightly")
                extra = _except(connection, "nightly", "refreshed")
                if missing or extra:
                    found.append(Difference(name, missing, extra))
    return found


def tables(database: Path) -> Tables:
    """Contents of every table that nightly runs must get right, by schema and name.

    Read whole, because views name the database they were made in: two such files cannot be
    attached side by side.
    """
    with duckdb.connect(database, read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        columns = connection.execute(
            "select table_schema, table_name, column_name, data_type "
            "from information_schema.columns order by ordinal_position"
        ).fetchall()
        expressions: dict[tuple[str, str], list[str]] = {}
        for schema, table, column, data_type in columns:
            is_compared = schema in SCHEMAS or (schema, table) in TABLES
            if table.startswith(TABLES_OF_THE_RUN) or column in COLUMNS_OF_THE_RUN:
                is_compared = False
            if is_compared:
                expressions.setdefault((schema, table), []).append(comparable(column, data_type))
        return {
            f"{schema}.{table}": connection.sql(
                f"select {', '.join(selected)} from {schema}.{table}"
            ).to_arrow_table()
            for (schema, table), selected in expressions.items()
        }


def comparable(column: str, data_type: str, cast: bool = False) -> str:
    """A column as a query selects it for comparison; with `cast`, from its text."""
    value = f'cast("{column}" as {data_type})' if cast else f'"{column}"'
    # The last digit of a sum of doubles depends on the order of the rows.
    expression = {
        "DOUBLE": f"round({value}, 9)",
        "JSON": f'cast("{column}" as varchar)',
    }.get(data_type, value)
    return f'{expression} as "{column}: {data_type}"'


def _except(connection: duckdb.DuckDBPyConnection, one: str, other: str) -> list[dict[str, Any]]:
    rows = connection.execute(f"select * from {one} except all select * from {other} order by all")
    names = [column[0].split(": ")[0] for column in rows.description or ()]
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def _shown(row: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in row.items() if value is not None)

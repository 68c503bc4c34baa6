"""The same lines through the same nights on DuckDB and on the stand-in, table by table."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from tests.python.conftest import Warehouse
from tests.python.nightly.differences import comparable
from tests.python.redshift.standin.definitions import quoted
from tests.python.redshift.warehouse import RedshiftWarehouse, StandIn

SCHEMAS = ("fleet_seeds", "fleet_staging", "fleet_intermediate", "fleet_marts")
RAW = ("rejected_lines", "loaded_files", "failed_files")
# JSON whose keys and spaces each engine writes in its own way: compared as what it says.
DOCUMENTS = {"payload", "data", "line"}
# md5 of such a line, a random number, and what columns are cut from: a struct or a SUPER.
NOT_COMPARED = {"quarantined_line_id", "copy_token"}


@dataclass
class BothEngines:
    """The project on both engines, in step.

    With COPY, `loaded_at` is when it ran and `source_file` is unknown. So after a load it is taken
    away from DuckDB's lines, and the stand-in's `loaded_at` is set to DuckDB's. Lines that are no
    JSON object never come through COPY; the loader's own tables are filled as DuckDB's are, without
    the NULs that PostgreSQL's text cannot hold.
    """

    duck: Warehouse
    redshift: RedshiftWarehouse
    standin: StandIn
    folder: Path
    loads: int = 0

    def load(self) -> None:
        """Load the new files of the landing folder on both."""
        self.duck.load()
        self.loads += 1
        with duckdb.connect(self.duck.database) as connection:
            fetch = connection.execute
            fetch("update event_log.event_lines set source_file = null")
            fetch("update event_log.rejected_lines set line = replace(line, chr(0), '')")
            new = fetch(
                "select loaded_at, list(payload::varchar order by rowid) from event_log.event_lines"
                " where loaded_at > $1 group by 1 order by 1",
                [self._newest()],
            ).fetchall()
            raw = {table: fetch(f"from event_log.{table}").fetchall() for table in RAW}
        # What came before is told from what COPY brings by a source_file that is not null.
        mark = "update event_log.event_lines set source_file"
        self.standin.rows(f"{mark} = 'known'")
        for loaded_at, lines in new:
            name = f"load={self.loads}/{loaded_at:%Y%m%dT%H%M%S}"
            self.standin.put(f"events/v1/{name}.ndjson.gz", lines)
            self.redshift.load(f"s3://events/v1/{name}")
            self.standin.rows(
                f"{mark} = 'known', loaded_at = '{loaded_at}' where source_file is null"
            )
        self.standin.rows(f"{mark} = null")
        for table, rows in raw.items():
            self.standin.rows(f"truncate event_log.{table}")
            if rows:
                values = ", ".join(f"({', '.join(map(_literal, row))})" for row in rows)
                self.standin.rows(f"insert into event_log.{table} values {values}")

    def _newest(self) -> Any:
        newest = "select coalesce(max(loaded_at), '1970-01-01') from event_log.event_lines"
        return self.standin.rows(newest)[0][0]

    def tables(self) -> tuple[Mapping[str, pa.Table], Mapping[str, pa.Table]]:
        """Every table and view of the project: DuckDB's and the stand-in's, by schema and name."""
        with duckdb.connect(self.duck.database, read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            columns = connection.execute(
                "select table_schema || '.' || table_name,"
                " list(column_name order by ordinal_position),"
                " list(data_type order by ordinal_position) from information_schema.columns"
                " where table_schema in $1 group by 1 order by 1",
                [SCHEMAS],
            ).fetchall()
            ducks, others = {}, {}
            files = self._export([name for name, _, _ in columns])
            for name, names, types in columns:
                ducks[name] = _read(connection, name, names, types)
                others[name] = _read(connection, _csv(files[name], names), names, types)
            return ducks, others

    def _export(self, names: list[str]) -> dict[str, Path]:
        files = {name: self.folder / f"{name}.csv" for name in names}
        self.standin.server.run(
            *(
                f"--command=\\copy (select * from {name}) to '{path}' csv header force quote *"
                for name, path in files.items()
            )
        )
        return files


def _read(
    connection: duckdb.DuckDBPyConnection, relation: str, names: list[str], types: list[str]
) -> pa.Table:
    selected = [
        comparable(name, data_type, cast=True)
        for name, data_type in zip(names, types, strict=True)
        if name not in NOT_COMPARED
    ]
    table = connection.sql(f"select {', '.join(selected)} from {relation}").to_arrow_table()
    for place, label in enumerate(table.schema.names):
        if label.split(": ")[0] in DOCUMENTS:
            said = pa.array([_said(text) for text in table.column(place).to_pylist()], pa.string())
            table = table.set_column(place, label, said)
    return table


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    return quoted(str(value).replace("\\", "\\\\"))  # an escape in Redshift's literals


def _csv(path: Path, names: list[str]) -> str:
    columns = dict.fromkeys(names, "VARCHAR")
    return (
        f"read_csv('{path}', columns = {columns}, header = true, auto_detect = false,"
        """ delim = ',', quote = '"', escape = '"', allow_quoted_nulls = false)"""
    )


def _said(text: str | None) -> str | None:
    try:
        return text and json.dumps(json.loads(text), sort_keys=True)
    except ValueError:
        return text

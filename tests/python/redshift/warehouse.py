"""The dbt project on the Redshift stand-in, and the stand-in itself as tests reach it."""

import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import redshift_connector
import yaml

from fleet.warehouse.dbt_runner import DbtRunner
from tests.python.conftest import ROOT
from tests.python.redshift.standin.postgres import Postgres

IAM_ROLE = "arn:aws:iam::123456789012:role/redshift-event-reader"


@dataclass(frozen=True)
class StandIn:
    """A running stand-in for Redshift.

    where   host, port, user and database, as a dbt profile names them
    server  the PostgreSQL behind it, for looks that Redshift would not allow
    s3      folder that stands for S3, a bucket a folder
    log     statements as they came and as they were run, and their query_group: JSON lines
    """

    where: dict[str, Any]
    server: Postgres
    s3: Path
    log: Path

    def rows(self, sql: str, user: str | None = None) -> list[tuple[Any, ...]]:
        """Run one statement through the real driver; raises redshift_connector's errors."""
        with self.connect_as(user or self.where["user"])() as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    def connect_as(self, user: str) -> Callable[[], Any]:
        """What connects a user by the real driver."""
        return partial(
            redshift_connector.connect,
            host=self.where["host"],
            port=self.where["port"],
            user=user,
            password="unused",
            database=self.where["dbname"],
            ssl=False,
        )

    def put(self, key: str, lines: Iterable[str]) -> None:
        """Put a gzipped file of lines at s3://<key>."""
        path = self.s3 / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))

    def run(self, *files: str) -> None:
        """Run files of pipeline/redshift as the administrator."""
        for file in files:
            for statement in statements(ROOT / "pipeline" / "redshift" / file):
                self.rows(statement)

    def clear(self) -> None:
        """Leave the raw tables and the schemas of dbt as before the first line came."""
        for (schema,) in self.rows("select nspname from pg_namespace where nspname !~ '^pg_'"):
            if schema.startswith(("fleet_", "event_log")):
                self.rows(f"drop schema {schema} cascade")
        self.run("2_raw_tables.sql", "3_rights.sql")

    def logged(self) -> list[dict[str, Any]]:
        """Every statement that any client has sent so far, as the log has it."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def statements(self) -> list[str]:
        """Every statement that any client has sent so far."""
        return [line["redshift"] for line in self.logged()]


def statements(path: Path) -> list[str]:
    """The statements of a file of SQL, without comments."""
    lines = [line.split("--")[0] for line in path.read_text(encoding="utf-8").splitlines()]
    return [part.strip() for part in "\n".join(lines).split(";") if part.strip()]


@contextmanager
def run_standin(folder: Path) -> Iterator[StandIn]:
    """The stand-in in a process of its own, so that it does not share Python's lock with dbt."""
    s3, log = folder / "s3", folder / "statements.jsonl"
    s3.mkdir()
    command = [sys.executable, "-m", "tests.python.redshift.standin", f"--s3={s3}", f"--log={log}"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, "the stand-in did not start; it says why above"
        where = json.loads(line)
        server = Postgres(where.pop("postgres_port"), Path(where.pop("psql")))
        yield StandIn(where, server, s3, log)
        process.communicate()  # its input ends, and so does it


@dataclass
class RedshiftWarehouse:
    """The dbt project on a server that speaks Redshift, in schemas that begin with `schema`.

    dbt signs in as the user of `where`, and as pipeline/redshift's `event_loader` to load. Call it
    with the words of a dbt command. Raises DbtError when dbt fails.
    """

    where: dict[str, Any]
    schema: str
    folder: Path
    dbt: DbtRunner = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        output = {
            "type": "redshift",
            "password": "{{ env_var('REDSHIFT_PASSWORD', 'unused') }}",
            "sslmode": "disable",  # the driver has no plain-text fallback
            "schema": self.schema,
            "query_group": "fleet_analytics",
            "threads": 4,
            **self.where,
        }
        outputs = {
            "redshift": output,
            "datasharing": {**output, "datasharing": True},
            "loader": {**output, "user": "event_loader"},
        }
        profile = {"fleet_analytics": {"target": "redshift", "outputs": outputs}}
        (self.folder / "profiles.yml").write_text(yaml.safe_dump(profile))
        self.dbt = DbtRunner(ROOT, self.folder)

    def __call__(
        self, *words: str, callbacks: Sequence[Any] = (), target: str = "redshift", **variables: Any
    ) -> Any:
        return self.dbt(*words, "--target", target, variables=variables, callbacks=callbacks)

    def load(self, url: str) -> None:
        """COPY the files below a prefix into the raw layer."""
        words = ("run-operation", "load_event_lines")
        self(*words, target="loader", landing_url=url, iam_role=IAM_ROLE)

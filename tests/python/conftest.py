"""Fixtures for tests that run dbt: one process, one parse, a fresh DuckDB file for each test."""

import gzip
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pytest
from click.testing import CliRunner
from dbt.contracts.graph.manifest import Manifest

from fleet.cli import main
from fleet.simulator.orders import INJECTED_CAUSES
from fleet.warehouse.dbt_runner import DbtRunner

ROOT = Path(__file__).parents[2]


class Warehouse:
    """The dbt project on a DuckDB file and a landing folder of its own.

    Call it with the words of a dbt command; `callbacks` are given each of dbt's events. Raises
    DbtError when dbt fails.
    """

    def __init__(self, folder: Path, dbt: DbtRunner) -> None:
        self.landing = folder / "landing"
        self.landing.mkdir(parents=True, exist_ok=True)
        self.database = folder / "warehouse.duckdb"
        self.dbt = dbt

    @property
    def manifest(self) -> Manifest:
        """The project as it was parsed for all warehouses."""
        assert self.dbt.manifest is not None
        return self.dbt.manifest

    def __call__(
        self, *words: str, callbacks: Sequence[Callable[[Any], None]] = (), **variables: Any
    ) -> Any:
        variables = {"landing_path": str(self.landing), **variables}
        with mock.patch.dict(os.environ, FLEET_DATABASE=str(self.database)):
            return self.dbt(*words, variables=variables, callbacks=callbacks)

    def load(self) -> None:
        """Load the files that are new in the landing folder."""
        self("run-operation", "load_event_lines")

    def land(self, name: str, lines: Iterable[bytes | dict[str, Any]]) -> Path:
        """Write a file into the landing folder, gzipped when its name says so."""
        raw = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
        content = b"".join(line + b"\n" for line in raw)
        path = self.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a query; opened and closed each time, because an open connection blocks dbt."""
        with duckdb.connect(self.database) as connection:
            return connection.execute("set TimeZone = 'UTC'").execute(sql).fetchall()


@pytest.fixture(scope="session")
def open_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Warehouse]:
    """Open the project on a DuckDB file in a folder; the project is parsed once for all of them."""
    home = tmp_path_factory.mktemp("dbt")
    shutil.copy(ROOT / "profiles.yml.example", home / "profiles.yml")
    runner = DbtRunner(ROOT, home)
    runner.parse()
    return lambda folder: Warehouse(folder, runner)


@pytest.fixture
def dbt(tmp_path: Path, open_warehouse: Callable[[Path], Warehouse]) -> Warehouse:
    """The project on an empty DuckDB file."""
    return open_warehouse(tmp_path)


@pytest.fixture(scope="session")
def simulated(
    tmp_path_factory: pytest.TempPathFactory, open_warehouse: Callable[[Path], Warehouse]
) -> Callable[..., tuple[Warehouse, Path]]:
    """Simulate a day of a fleet, load it and build every table; gives the truth's folder too."""

    def simulate(*options: str) -> tuple[Warehouse, Path]:
        folder = tmp_path_factory.mktemp("fleet")
        words = ["simulate", "--days", "1", "--overwrite", "--out", str(folder), *options]
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 0, done.output
        warehouse = open_warehouse(folder)
        warehouse.load()
        warehouse("build")
        return warehouse, folder / "truth"

    return simulate


@pytest.fixture(scope="session")
def clean(simulated: Callable[..., tuple[Warehouse, Path]]) -> tuple[Warehouse, Path]:
    """A built day of 10 robots without troubles, to be read only."""
    return simulated("--robots", "10", "--seed", "5", "--clean")


@pytest.fixture(scope="session")
def troubled(simulated: Callable[..., tuple[Warehouse, Path]]) -> tuple[Warehouse, Path]:
    """A built day of 10 robots with every trouble, to be read only."""
    return simulated("--robots", "10", "--seed", "6")


@pytest.fixture(scope="session")
def failing(
    tmp_path_factory: pytest.TempPathFactory, open_warehouse: Callable[[Path], Warehouse]
) -> tuple[Warehouse, Path]:
    """A clean log of two days on which a third of all deliveries fail, built; and its truth."""
    folder = tmp_path_factory.mktemp("failing")
    rates = {cause: 0.65 if cause == "none" else 0.05 for cause in INJECTED_CAUSES}
    words = f"simulate --robots 10 --days 2 --seed 2 --clean --out {folder}"
    with mock.patch.dict(INJECTED_CAUSES, rates):
        done = CliRunner().invoke(main, words.split())
    assert done.exit_code == 0, done.output
    warehouse = open_warehouse(folder)
    warehouse.load()
    warehouse("seed")
    warehouse("run")
    return warehouse, folder / "truth"


@pytest.fixture(scope="session")
def aws_endpoint() -> Iterator[str]:
    """URL of a moto server, which stands in for AWS over HTTP."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(aws_endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """An empty S3 bucket that the AWS_ variables lead to, as boto3's Bucket."""
    import boto3

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    s3 = boto3.resource("s3", region_name="us-east-1")
    bucket = s3.Bucket(f"lake-{uuid.uuid4()}")
    bucket.create()
    yield bucket
    s3.meta.client.close()

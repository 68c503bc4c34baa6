"""Fixtures for tests that run dbt: one process, one parse, a fresh DuckDB file for each test."""

import fcntl
import gc
import gzip
import json
import multiprocessing
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from multiprocessing.context import ForkProcess
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
        # Nobody writes to a file that a test has landed.
        own = {"landing_path": str(self.landing), "file_settle_seconds": 0}
        variables = own | variables
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


def forked(target: Callable[..., object], *args: Any) -> ForkProcess:
    """A process that runs a function in a copy of this one, to be started."""
    return multiprocessing.get_context("fork").Process(target=_in_a_fork, args=(target, *args))


def _in_a_fork(target: Callable[..., object], *args: Any) -> None:
    # Else the collector closes what was open in the parent and waits for threads that are not here.
    gc.freeze()
    target(*args)


# Unit tests know nothing of a database: once on each engine is enough, with `troubled` on DuckDB.
BUILT = ("build", "--exclude-resource-type", "unit_test")

# Marker of a test -> the fixtures of which it asks for one.
NEEDS = {
    "dbt": {"open_warehouse", "redshift_dbt"},
    "browser": {"chromium"},
    "postgres": {"standin"},
}
# The longest files first, so that both processes end at about the same time.
LONGEST = (
    "test_builds.py",
    "test_new_repository.py",
    "test_operations.py",
    "test_nightly_runs_equal_a_full_refresh.py",
    "test_killed_runs.py",
    "test_load_event_lines.py",
    "test_runs.py",
    "test_ledgers.py",
    "test_follow.py",
    "test_scale.py",
    "test_lifts.py",
    "test_full_build.py",
    "test_browser.py",
    "test_pages.py",
    "test_schedules.py",
    "test_vector_config.py",
    "test_event_types.py",
    "test_wheel.py",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests by what they need, leave out what only a soak runs, the longest files first."""
    if not os.environ.get("SOAK"):
        long = [item for item in items if item.get_closest_marker("soak")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in set(long)]
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        for marker, needs in NEEDS.items():
            if fixtures & needs:
                item.add_marker(marker)
    rank = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(LONGEST)))


def pytest_collection_finish() -> None:
    """Keep the collector off the libraries: a search of all they hold takes half a second."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_sessionfinish() -> None:
    """Let the collector have them again, so that DuckDB does not report them as leaked."""
    gc.unfreeze()


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Make a folder once for all processes of a test run, and give this process a copy of it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def folder(name: str, make: Callable[[Path], None]) -> Path:
        made = shared / f"once-{name}"
        with (shared / f"once-{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                half_made = Path(tempfile.mkdtemp(dir=shared))
                make(half_made)
                half_made.rename(made)
        own = tmp_path_factory.mktemp(name)
        shutil.copytree(made, own, dirs_exist_ok=True)
        return own

    return folder


@pytest.fixture(scope="session")
def open_warehouse(made_once: Callable[..., Path]) -> Callable[[Path], Warehouse]:
    """Open the project on a DuckDB file in a folder; the project is parsed once for all of them."""

    def parse(home: Path) -> None:
        profiles = (ROOT / "profiles.yml.example").read_text("utf-8")
        # Each core has a process of tests already: more threads would only take turns.
        alone = profiles.replace("TimeZone: UTC\n", "TimeZone: UTC\n        threads: 1\n")
        assert alone != profiles
        (home / "profiles.yml").write_text(alone, "utf-8")
        DbtRunner(ROOT, home).parse()

    # What the first process parsed is read by the others.
    runner = DbtRunner(ROOT, made_once("dbt", parse))
    runner.parse()
    return lambda folder: Warehouse(folder, runner)


@pytest.fixture
def dbt(tmp_path: Path, open_warehouse: Callable[[Path], Warehouse]) -> Warehouse:
    """The project on an empty DuckDB file."""
    return open_warehouse(tmp_path)


@pytest.fixture(scope="session")
def seeded_database(
    made_once: Callable[..., Path], open_warehouse: Callable[[Path], Warehouse]
) -> Path:
    """A DuckDB file that holds the seeds and empty raw tables, to be copied."""

    def make(folder: Path) -> None:
        warehouse = open_warehouse(folder)
        warehouse("seed")
        warehouse.load()

    return made_once("seeded", make) / "warehouse.duckdb"


@pytest.fixture(scope="session")
def simulated(
    made_once: Callable[..., Path], open_warehouse: Callable[[Path], Warehouse]
) -> Callable[..., tuple[Warehouse, Path]]:
    """Simulate a day of a fleet, load it and build every table; gives the truth's folder too."""

    def simulate(*options: str, command: Sequence[str] = BUILT) -> tuple[Warehouse, Path]:
        def make(folder: Path) -> None:
            words = ["simulate", "--days", "1", "--overwrite", "--out", str(folder), *options]
            done = CliRunner().invoke(main, words)
            assert done.exit_code == 0, done.output
            warehouse = open_warehouse(folder)
            warehouse.load()
            if command[0] == "run":
                warehouse("seed")
            warehouse(*command)

        folder = made_once("fleet" + "".join(options).replace("--", "-"), make)
        return open_warehouse(folder), folder / "truth"

    return simulate


@pytest.fixture(scope="session")
def clean(simulated: Callable[..., tuple[Warehouse, Path]]) -> tuple[Warehouse, Path]:
    """A built day of 10 robots without troubles, to be read only."""
    return simulated("--robots", "10", "--seed", "5", "--clean")


@pytest.fixture(scope="session")
def troubled(simulated: Callable[..., tuple[Warehouse, Path]]) -> tuple[Warehouse, Path]:
    """A built day of 10 robots with every trouble, to be read only."""
    return simulated("--robots", "10", "--seed", "6", command=["build"])


@pytest.fixture(scope="session")
def failing(simulated: Callable[..., tuple[Warehouse, Path]]) -> tuple[Warehouse, Path]:
    """A clean log of two days on which a third of all deliveries fail, built; and its truth."""
    rates = {cause: 0.65 if cause == "none" else 0.05 for cause in INJECTED_CAUSES}
    options = ("--robots", "10", "--days", "2", "--seed", "2", "--clean")
    with mock.patch.dict(INJECTED_CAUSES, rates):
        return simulated(*options, command=["run"])


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

"""Brings the database of the last release up to date by the steps that CHANGELOG says."""

import json
import lzma
import re
import shutil
from typing import Any

import duckdb

from tests.python.conftest import ROOT, Warehouse
from tests.python.upgrade.store import RELEASES
from tests.python.upgrade.versions import Version

RELEASE = max(RELEASES.iterdir(), key=lambda path: [int(part) for part in path.name.split(".")])
CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")


def section() -> str:
    """What CHANGELOG says under *Upgrading* from the release."""
    heading = rf"^### Upgrading from {re.escape(RELEASE.name)}\n"
    found = re.search(rf"{heading}(.*?)(?=^##)", CHANGELOG, re.M | re.S)
    assert found, f"CHANGELOG has no section `Upgrading from {RELEASE.name}`"
    return found[1]


def drops_said() -> list[str]:
    """The statements of the section that take away what no model builds any more."""
    return re.findall(r"^ *(drop \w+ \S+;)$", section(), re.M)


def release() -> Version:
    """What the release builds."""
    text = json.loads((RELEASE / "version.json").read_text("utf-8"))
    return Version(text["relations"], text["digests"])


def take_over(warehouse: Warehouse) -> None:
    """Put the database of the release where the warehouse has its own, as the section says."""
    (stored,) = RELEASE.glob("*.duckdb.xz")
    old = warehouse.database.with_name(stored.stem)
    old.write_bytes(lzma.decompress(stored.read_bytes()))
    if old != warehouse.database:
        assert f"`mv data/{old.name} data/{warehouse.database.name}`" in section()
        shutil.move(old, warehouse.database)


def environments(warehouse: Warehouse) -> list[str]:
    """What the lines of the release say, by the query that the section names."""
    found = re.search(r"`(select env, [^`]+)`", section())
    assert found
    return [env for env, _ in warehouse.rows(found[1]) if env is not None]


def upgrade(warehouse: Warehouse, *words: str, **variables: Any) -> Any:
    """The steps on a DuckDB file after that; `words` say what of `dbt build` is left out.

    Returns what dbt says of the build.
    """
    built = warehouse("build", "--full-refresh", *words, **variables)
    with duckdb.connect(warehouse.database) as connection:
        for statement in drops_said():
            connection.execute(statement)
    warehouse.load()
    return built

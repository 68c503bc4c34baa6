"""The stand-in for dbt_utils holds what this project calls, no more and no less."""

import hashlib
import re
from pathlib import Path
from typing import Any

import yaml
from dbt.config.project import package_config_from_data
from dbt.task.deps import _create_sha1_hash

from tests.python.conftest import ROOT, Warehouse

FOLDERS = ("analyses", "macros", "models", "seeds", "snapshots", "tests/data_tests")


def text_of(folder: Path) -> str:
    files = [path for path in folder.rglob("*") if path.suffix in {".sql", ".yml"}]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def test_the_stand_in_has_exactly_the_macros_in_use() -> None:
    used = {
        name
        for folder in FOLDERS
        for name in re.findall(r"\bdbt_utils\.(\w+)", text_of(ROOT / folder))
    }
    offered = set(
        re.findall(r"{%-?\s*(?:macro|test)\s+(\w+)", text_of(ROOT / "offline" / "dbt_utils"))
    )
    assert offered == used


def test_the_lock_file_belongs_to_packages_yml() -> None:
    wanted = yaml.safe_load((ROOT / "packages.yml").read_text())
    locked = yaml.safe_load((ROOT / "package-lock.yml").read_text())
    hashed = _create_sha1_hash(package_config_from_data(wanted, wanted).packages)
    assert locked["sha1_hash"] == hashed, "run `dbt deps --lock` where the hub can be reached"


def shown(dbt: Warehouse, sql: str) -> list[Any]:
    (result,) = dbt("show", "--inline", sql, "--limit", "-1").results
    return [row[0] for row in result.agate_table.rows]


def test_a_series_is_complete_at_every_number_of_digits(dbt: Warehouse) -> None:
    for upper_bound in (1, 10, 11, 101):
        numbers = shown(dbt, f"{{{{ dbt_utils.generate_series({upper_bound}) }}}}")
        assert numbers == list(range(1, upper_bound + 1))


def test_a_surrogate_key_is_the_md5_of_its_parts(dbt: Warehouse) -> None:
    key = '{{ dbt_utils.generate_surrogate_key(["1", "null", "\'D-99\'"]) }}'
    expected = hashlib.md5(b"1-_dbt_utils_surrogate_key_null_-D-99").hexdigest()
    assert shown(dbt, f"select {key} as key") == [expected]

"""Stores a release, for tests of what has to be done when it is upgraded.

    python -m tests.python.upgrade.store COMMIT

builds the database of that commit with its own code and the packages of this environment: a
simulated day of a few robots in two nights, of which each has half of the files. Below releases/
it leaves

    VERSION/warehouse.duckdb.xz  the database, under the name that the release gave it
    VERSION/version.json         what the release builds, and its commit
    VERSION/later.ndjson.gz      lines of the simulation that were not loaded
"""

import gzip
import json
import lzma
import os
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import yaml

from tests.python.conftest import ROOT
from tests.python.upgrade.versions import Version, digests, relations

RELEASES = Path(__file__).parent / "releases"
FLEET = ("--robots", "2", "--days", "1", "--seed", "11", "--start", "2025-01-06")
# Of which robots are busy.
LATER = "hour=20"


def store(commit: str, folder: Path) -> Path:
    """Build the release in a folder and store it; returns where."""
    tree = folder / "tree"
    tree.mkdir()
    archive = subprocess.run(
        ["git", "archive", commit], cwd=ROOT, check=True, stdout=subprocess.PIPE
    ).stdout
    subprocess.run(["tar", "-x", "-C", tree], input=archive, check=True)
    shutil.copytree(tree / "offline/dbt_utils", tree / "dbt_packages/dbt_utils")
    shutil.copy(tree / "profiles.yml.example", tree / "profiles.yml")
    (tree / "data").mkdir()

    program = "fleet.cli" if (tree / "fleet").is_dir() else "fleet_events.cli"
    run(tree, "-m", program, "simulate", *FLEET, "--out", str(folder))
    files = sorted((folder / "landing").rglob("*.ndjson.gz"))
    later = [path for path in files if LATER in path.parts]
    first = [path for path in files if path not in later]
    for night in (first[::2], first[1::2]):
        for path in night:
            landed = tree / "data" / path.relative_to(folder)
            landed.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, landed)
        run(tree, "-m", "dbt.cli.main", "run-operation", "load_event_lines")
        run(tree, "-m", "dbt.cli.main", "build", "--exclude-resource-type", "unit_test")
        if night[0] == first[0]:
            shutil.copy(tree / "target/manifest.json", folder)

    version: str = yaml.safe_load((tree / "dbt_project.yml").read_text("utf-8"))["version"]
    stored = RELEASES / version
    stored.mkdir(parents=True, exist_ok=True)
    (database,) = (tree / "data").glob("*.duckdb")
    with duckdb.connect(database, read_only=True) as connection:
        nodes = json.loads((folder / "manifest.json").read_text("utf-8"))["nodes"]
        built = Version(relations(connection), digests(nodes))
    text = json.dumps({"commit": commit, **asdict(built)}, indent=2)
    (stored / "version.json").write_text(text + "\n", "utf-8")
    (stored / f"{database.name}.xz").write_bytes(lzma.compress(database.read_bytes(), preset=9))
    lines = b"".join(gzip.decompress(path.read_bytes()) for path in later)
    (stored / "later.ndjson.gz").write_bytes(gzip.compress(lines, mtime=0))
    return stored


def run(tree: Path, *words: str) -> None:
    paths = [str(tree), str(tree / "clients/python/src")]
    settings = {"PYTHONPATH": os.pathsep.join(paths), "DBT_PROFILES_DIR": str(tree)}
    own = {key: value for key, value in os.environ.items() if not key.startswith("FLEET_")}
    subprocess.run([sys.executable, *words], cwd=tree, env=own | settings, check=True)


def main() -> None:
    """Store the release of the commit that is given."""
    with TemporaryDirectory() as folder:
        print(f"Stored in {store(sys.argv[1], Path(folder))}")


if __name__ == "__main__":
    main()

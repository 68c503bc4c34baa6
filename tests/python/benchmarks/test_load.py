"""The benchmark of the loader says in its last line what it measured."""

import gzip
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.load import main

pytestmark = pytest.mark.dbt


def test_its_last_line_is_json(tmp_path: Path) -> None:
    for number in range(5):
        path = tmp_path / f"{number}.ndjson.gz"
        path.write_bytes(gzip.compress(b'{"event_id": "1"}\n' * 1000 + b"cut\n"))

    done = CliRunner().invoke(main, f"--landing {tmp_path} --rounds 1 --files 120".split())

    assert done.exit_code == 0, done.output
    figures = json.loads(done.output.splitlines()[-1])
    assert "5,005 lines in 5 files" in done.output
    assert {"lines_per_second", "seconds_to_find_nothing", "ratio_to_bare_work"} < figures.keys()
    assert all(value > 0 for value in figures.values())

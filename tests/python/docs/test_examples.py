"""Ids that the docs tell a reader to look up are in the log of `make demo`."""

import gzip
import re
from pathlib import Path

from click.testing import CliRunner

from fleet.cli import main
from tests.python.conftest import ROOT

PAGES = ("README.md", "docs/dashboard.md", "docs/look-up.md", "docs/questions.md")
LOOKED_UP = r"fleet (?:session|why)(?: --robot)? ([A-Z]-\d+)|\?id=([A-Z]-\d+)|= '([A-Z]-\d+)'"


def test_every_id_to_look_up_is_in_the_demo(tmp_path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    options = dict(re.findall(r"^(ROBOTS|DAYS|SEED) := (\d+)$", makefile, re.M))
    words = [word for name, value in options.items() for word in (f"--{name.lower()}", value)]
    result = CliRunner().invoke(main, ["simulate", *words, "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    known = {
        found.decode()
        for file in tmp_path.glob("landing/**/*.gz")
        for found in re.findall(rb'"([A-Z]-\d+)"', gzip.decompress(file.read_bytes()))
    }
    asked = {
        one
        for page in PAGES
        for found in re.findall(LOOKED_UP, (ROOT / page).read_text("utf-8"))
        for one in found
        if one
    }
    assert {"D-804", "O-1342", "M-13"} <= asked
    assert asked - known == set()

"""The benchmark of the import says in its last line what it measured."""

import json

from click.testing import CliRunner

from benchmarks.import_rate import main


def test_its_last_line_is_json() -> None:
    done = CliRunner().invoke(main, ["--lines", "1000"])
    assert done.exit_code == 0, done.output
    figures = json.loads(done.output.splitlines()[-1])
    assert figures["events_per_processor_second"] > 0
    assert figures["logs_per_processor_second"] > figures["events_per_processor_second"]

"""`fleet session` shows the story the marts hold, and says what to do where it cannot."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from click.testing import CliRunner, Result
from rich.console import Console

from fleet.cli import main
from fleet.lookup.stores import DuckDBMarts
from fleet.lookup.wording import incomplete
from fleet.session import command, screen
from tests.python.session.conftest import ROOT, Run, at, delivery, insert

HOSTILE = [
    "D-1' or 1=1 --",
    "'; drop table fleet_marts.delivery_sessions; --",
    "%",
    "[red]",
    "\x1b[",
]


def line_with(output: str, text: str) -> str:
    """The one line that holds `text`."""
    (line,) = [line for line in output.splitlines() if text in line]
    return line


def test_header_shows_outcome_cause_and_neighbours(fleet_session: Run) -> None:
    output = fleet_session("D-10").output
    assert "FAILED by delivery.dropoff_failed (lid_fault) at 20:11:30.000 UTC" in output
    assert "The lid of robot R-1 failed." in line_with(output, "probable cause")
    assert "LID-401 at 20:10:10.500" in line_with(output, "first error")
    assert "1 min 12 s after the arrival" in line_with(output, "nearest error")
    assert "Order 20:00:00.000  → 5.0 s →  Dispatch 20:00:05.000" in output
    assert "Dropoff –" in output
    assert "not in the log: pickup_arrived" in output
    assert "8 events, 2 errors, 1 takeover " in output
    assert "before on this robot D-9, after D-11" in output


def test_all_events_of_the_session_are_shown_also_those_after_its_end(fleet_session: Run) -> None:
    output = fleet_session("D-10", "--all").output
    assert "at 20:11:30.000 UTC" in output
    assert "20:00:00.000" in line_with(output, "order.created")
    assert "20:11:40.000" in line_with(output, "✗ delivery.dropoff_failed")


def test_events_come_in_order_with_time_state_and_match(fleet_session: Run) -> None:
    output = fleet_session("D-10").output
    names = ["order.created", "dispatch.assigned", "robot.error", "✗ delivery.dropoff_failed"]
    places = [output.index(name) for name in names]
    assert places == sorted(places)
    assigned = line_with(output, "dispatch.assigned").split()
    assert assigned == [
        *("20:00:05.000", "+5.0", "s", "dispatch.assigned", "assigned", "delivery_id"),
        "Assigned",
    ]


def test_errors_and_control_changes_are_marked_without_colour(fleet_session: Run) -> None:
    output = fleet_session("D-10").output
    assert "✗ robot.error" in output
    assert "▲ pilot.control_changed" in output
    assert "✗ dispatch.assigned" not in output
    assert "robot_window (ambiguous)" in line_with(output, "robot.error")
    assert "ambiguous" not in line_with(output, "dispatch.assigned")


def test_heartbeats_fold_but_never_across_a_silence(fleet_session: Run) -> None:
    output = fleet_session("D-10").output
    assert output.count("robot.heartbeat") == 2
    assert "20:01:00.000" in line_with(output, "robot.heartbeat × 2")
    assert output.count("8 min 00 s without an event") == 1


def test_all_shows_every_heartbeat(fleet_session: Run) -> None:
    assert fleet_session("D-10", "--all").output.count("robot.heartbeat ") == 3


def test_text_of_the_log_cannot_style_or_drive_the_terminal(fleet_session: Run) -> None:
    output = fleet_session("D-10").output
    assert "Error LID-401 of [bold]lid[/nonsense]�[2J" in output
    assert "\x1b" not in output


@pytest.mark.parametrize("words", [("--order", "O-10"), ("O-10",)])
def test_an_order_holds_its_own_events_and_those_of_its_deliveries(
    fleet_session: Run, words: tuple[str, ...]
) -> None:
    output = fleet_session(*words).output
    assert "order O-10, 8 events" in output
    assert "delivery D-10 failed, R-1" in output
    assert "order.created" in output
    assert "robot.error" in output
    assert "much later" not in output


def test_a_robot_is_shown_for_its_last_hour(fleet_session: Run) -> None:
    output = fleet_session("--robot", "R-1").output
    assert "1 event;" in output
    assert "Alive much later" in output


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-11-02T20:00:05", "2026-11-02T20:10:10.500"),
        ("2026-11-02T21:00:05+01:00", "2026-11-02T20:10:10.500Z"),
    ],
)
def test_a_robots_window_holds_its_start_and_not_its_end(
    fleet_session: Run, start: str, end: str
) -> None:
    output = fleet_session("--robot", "R-1", "--from", start, "--to", end).output
    assert "4 events" in output
    assert "dispatch.assigned" in output
    assert "robot.error" not in output


def test_a_window_without_events_says_when_the_robot_was_last_heard(fleet_session: Run) -> None:
    result = fleet_session("--robot", "R-1", "--to", "2026-11-01")
    assert result.exit_code == 0
    assert "0 events; its last is of 2026-11-02 22:30:00" in result.output


def test_failed_lists_newest_first_without_the_completed(fleet_session: Run) -> None:
    output = fleet_session("--failed").output
    assert output.index("D-12") < output.index("D-10")
    assert "D-11" not in output
    assert "D-10" not in fleet_session("--failed", "--limit", "1").output


def test_example_is_the_delivery_that_failed_through_its_robot(fleet_session: Run) -> None:
    assert "delivery D-10, 2026-11-02" in fleet_session("--example").output


def test_a_delivery_without_order_robot_or_end_is_shown(fleet_session: Run) -> None:
    result = fleet_session("D-12")
    assert result.exit_code == 0
    assert "The system cancelled: other." in line_with(result.output, "probable cause")
    assert "order –" in result.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("D-1",), "There is no delivery D-1; nearest: D-10, D-11, D-12;"),
        (("d-1",), "There is no delivery d-1; nearest: D-10, D-11, D-12;"),
        (("--robot", "D-10"), "There is no robot D-10; none is like it;"),
        (("--order", "O-1O"), "There is no order O-1O; nearest: O-10;"),
        (("--robot", "R-77"), "There is no robot R-77; nearest: R-1;"),
        (("X-4711",), "There is no delivery X-4711; none is like it;"),
    ],
)
def test_an_unknown_id_names_the_nearest(
    fleet_session: Run, words: tuple[str, ...], message: str
) -> None:
    result = fleet_session(*words)
    assert result.exit_code == 1
    assert message in result.output
    assert "loaded until 2026-11-02 22:30:00 UTC" in result.output


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("d-10",), "delivery D-10, 2026-11-02"),
        ((" D-10\t",), "delivery D-10, 2026-11-02"),
        (("o-10",), "order O-10, 8 events"),
        (("R-1",), "robot R-1, 2026-11-02"),
        (("r-1 ", "--all"), "robot R-1, 2026-11-02"),
        (("--order", " o-10"), "order O-10, 8 events"),
        (("http://localhost:8501/?id=D-10&tz=UTC",), "delivery D-10, 2026-11-02"),
        (("why did d-10 fail?",), "delivery D-10, 2026-11-02"),
        (("D-10, d-11; O-10",), "2 deliveries"),
        (("m-1",), "merchant M-1, newest deliveries"),
        (("P-1",), "pilot P-1, newest deliveries"),
        (("--event", "e6"), "LID-401"),
        (("--robot", "r-1", "--from", "2026-11-02T20:00"), "robot R-1, 2026-11-02 20:00:00"),
    ],
)
def test_an_id_is_found_however_it_is_typed(
    fleet_session: Run, words: tuple[str, ...], shown: str
) -> None:
    result = fleet_session(*words)
    assert result.exit_code == 0
    assert shown in result.output


NO_IDS = [b"D-\xff", b"\xfe\xff", b"D-1\x00", b"x" * 100_000, "D-1\u200b".encode()]


@pytest.mark.parametrize("typed", NO_IDS, ids=lambda typed: repr(typed[:5]))
@pytest.mark.parametrize("option", [(), ("--order",), ("--robot",)])
def test_what_no_id_can_be_is_refused_in_a_sentence(
    fleet_session: Run, option: tuple[str, ...], typed: bytes
) -> None:
    # As Python hands over the bytes of a command line.
    result = fleet_session(*option, typed.decode(errors="surrogateescape"))
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "; an id has at most 64 characters, all of them printable; " in result.output
    assert result.output.count("\n") == 1
    assert len(result.output) < 300


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_a_terminal_of_any_encoding_shows_the_story(database: Path, encoding: str) -> None:
    def run(wanted: bytes) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "fleet.cli", "session", "--database", str(database)]
        environment = {**os.environ, "PYTHONIOENCODING": encoding}
        return subprocess.run([*command, wanted], capture_output=True, check=False, env=environment)

    shown = run(b"D-10")
    assert (shown.returncode, shown.stderr) == (0, b"")
    mark = "✗".encode(encoding, "replace")
    assert mark + b" delivery.dropoff_failed" in shown.stdout
    refused = run(b"D-\xff\xe2\x86\x92")
    assert (refused.returncode, refused.stdout) == (1, b"")
    assert refused.stderr.startswith(b"Error: There is no delivery D-")
    assert refused.stderr.count(b"\n") == 1


@pytest.mark.parametrize("wanted", HOSTILE)
@pytest.mark.parametrize("option", [(), ("--order",), ("--robot",)])
def test_a_hostile_id_is_only_an_unknown_id(
    fleet_session: Run, option: tuple[str, ...], wanted: str
) -> None:
    result = fleet_session(*option, "--", wanted) if not option else fleet_session(*option, wanted)
    assert result.exit_code == 1
    assert "There is no " in result.output
    assert "\x1b" not in result.output
    assert fleet_session("D-10").exit_code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "Name one thing to show"),
        (("D-10", "--failed"), "Name one thing to show"),
        (("D-10", "--target", "dev"), "--database names a file, --target"),
        (("D-10", "--from", "2026-11-02"), "--from and --to go with --robot"),
        (("--failed", "--to", "2026-11-02"), "--from and --to go with --robot"),
        (("D-10", "--limit", "3"), "--limit goes with --failed"),
        (("--robot", "R-1", "--limit", "20"), "--limit goes with --failed"),
        (("--failed", "--all"), "--all goes with events, not with --failed"),
        (("--robot", "R-1", "--from", "yesterday"), "no UTC time such as"),
        (("--robot", "R-1", "--to", "0001-01-01"), "no UTC time such as"),
        (("--robot", "R-1", "--from", "2026-11-03", "--to", "2026-11-02"), "before --to"),
        (("--robot", "R-1", "--from", "9999-12-31T23:59:59.9999"), "no UTC time such as"),
        (("--failed", "--limit", "0"), "0 is not in the range 1<=x<=10000"),
        (("--failed", "--limit", "9" * 20), "is not in the range 1<=x<=10000"),
    ],
)
def test_words_that_make_no_sense_are_refused(
    fleet_session: Run, words: tuple[str, ...], message: str
) -> None:
    result = fleet_session(*words)
    assert result.exit_code == 2
    assert message in result.output


def test_a_missing_database_says_how_to_get_one(fleet_session: Run, tmp_path: Path) -> None:
    result = fleet_session("D-10", database=tmp_path / "none.duckdb")
    assert result.exit_code == 1
    assert "run `make demo`" in result.output
    assert not (tmp_path / "none.duckdb").exists()


@pytest.mark.parametrize("name", ["x" * 5_000, "\udcff"])
def test_a_name_that_no_file_has_is_refused(fleet_session: Run, name: str) -> None:
    result = fleet_session("D-10", database=Path(name))
    assert result.exit_code == 1
    assert "run `make demo`" in result.output


def test_a_database_without_marts_says_what_to_run(fleet_session: Run, tmp_path: Path) -> None:
    empty = tmp_path / "empty.duckdb"
    duckdb.connect(str(empty)).close()
    result = fleet_session("D-10", database=empty)
    assert result.exit_code == 1
    assert "run `dbt build` first" in result.output


def test_a_file_that_is_no_database_is_named(fleet_session: Run, tmp_path: Path) -> None:
    other = tmp_path / "other.duckdb"
    other.write_text("no database")
    result = fleet_session("D-10", database=other)
    assert result.exit_code == 1
    assert "is not a DuckDB file" in result.output


def test_a_locked_database_says_to_try_again(fleet_session: Run, database: Path) -> None:
    # The lock is between processes; the child holds it until its input ends.
    hold = (
        f"import duckdb; c = duckdb.connect({str(database)!r}); print('held', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        result = fleet_session("D-10")
        child.communicate("\n")
    assert result.exit_code == 1
    assert "in use by another process" in result.output


def test_the_database_is_only_read_and_left_closed(fleet_session: Run, database: Path) -> None:
    before = database.read_bytes()
    assert fleet_session("D-10").exit_code == 0
    assert database.read_bytes() == before
    # DuckDB refuses a writer in a process that still holds a reader of the same file.
    duckdb.connect(str(database)).close()


def test_it_says_how_old_the_newest_event_is(fleet_session: Run) -> None:
    for shown in (("D-11",), ("--order", "O-10"), ("--robot", "R-1")):
        last = fleet_session(*shown).output.rstrip().splitlines()[-1]
        assert re.match(
            r"Events are loaded until 2026-11-02 22:30:00 UTC, \d+ h \d\d min old\.", last
        )


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"outcome": "open"}, "was still open when the newest loaded event happened: what came "),
        ({"outcome_at": at(8_900)}, "ended 1 min 40 s before the newest loaded event: its last "),
        ({"outcome_at": None, "last_event_at": at(8_999)}, "ended 1.0 s before the newest"),
        ({"outcome_at": at(8_000)}, None),
        ({"outcome_at": at(0)}, None),
    ],
)
def test_a_session_that_may_lack_events_says_so(columns: dict[str, Any], said: str | None) -> None:
    sentence = incomplete(delivery("D-1", **({"outcome_at": None} | columns)), at(9_000))
    assert said in sentence if said else sentence == ""


@pytest.mark.parametrize("columns", [60, 80, 100, 120, 150, 300])
def test_what_an_event_means_is_shown_at_any_width(
    fleet_session: Run, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for words in (("D-10",), ("O-10",), ("--failed",), ("--event", "e6")):
        output = fleet_session(*words).output
        assert max(map(len, output.splitlines())) <= columns or columns < 80
    story = fleet_session("D-10").output
    assert "Dropoff" in story.rpartition("delivery.dropoff_failed")[2]
    assert ("matched by" in story) == (columns >= 130)


def test_a_narrow_screen_names_the_day_of_a_story_that_crosses_midnight(database: Path) -> None:
    events = [
        {**event, "event_at": event["event_at"] + timedelta(hours=3, minutes=55)}
        for event in DuckDBMarts(database).rows("select * from event_timeline order by event_at")
    ]
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(screen.timeline(events, with_match=False, every=False, width=80))
    lines = console.export_text().splitlines()
    assert [line.strip() for line in lines if re.fullmatch(r"2026-11-0\d *", line)] == [
        "2026-11-02",
        "2026-11-03",
    ]


def columns_of(mart: str) -> list[str]:
    models = yaml.safe_load((ROOT / "models/marts/deliveries/_deliveries__models.yml").read_text())
    (model,) = [model for model in models["models"] if model["name"] == mart]
    return [column["name"] for column in model["columns"]]


@pytest.mark.parametrize(
    ("words", "what", "known_id", "deliveries", "events", "mart"),
    [
        (("D-10",), "delivery", "D-10", 1, 8, "delivery_session_events"),
        (("O-10",), "order", "O-10", 1, 8, "event_timeline"),
        (("R-1", "--all"), "robot", "R-1", 0, 1, "event_timeline"),
        (("M-1",), "merchant", "M-1", 1, 0, ""),
        (("--failed",), "deliveries", None, 2, 0, ""),
        (("--failed", "--limit", "1"), "deliveries", None, 1, 0, ""),
    ],
)
def test_json_has_one_shape(
    fleet_session: Run,
    words: tuple[str, ...],
    what: str,
    known_id: str | None,
    deliveries: int,
    events: int,
    mart: str,
) -> None:
    shown = json.loads(fleet_session(*words, "--json").output)
    assert list(shown) == ["what", "id", "loaded_until", "deliveries", "events"]
    assert (shown["what"], shown["id"]) == (what, known_id)
    assert shown["loaded_until"] == "2026-11-02T22:30:00.000000Z"
    assert [len(shown["deliveries"]), len(shown["events"])] == [deliveries, events]
    assert all(list(row) == columns_of("delivery_sessions") for row in shown["deliveries"])
    assert all(list(row) == columns_of(mart) for row in shown["events"])
    rows = list(csv.DictReader(io.StringIO(fleet_session(*words, "--csv").output)))
    listed = shown["events"] or shown["deliveries"]
    assert [list(row) for row in rows] == [list(row) for row in listed]
    assert [row["delivery_id"] for row in rows] == [row["delivery_id"] or "" for row in listed]


def test_an_event_is_shown_with_all_that_it_carries(
    fleet_session: Run, database: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own.duckdb"
    shutil.copy(database, own)
    payload = '{"error_code": "LID-401", "detail": "jammed", "arm_degrees": 41.5}'
    with duckdb.connect(str(own)) as connection:
        insert(
            connection,
            "event_payloads",
            {"event_id": "e6", "event_date": at(610.5).date(), "data": payload},
        )
    shown = json.loads(fleet_session("--event", "e6", "--json", database=own).output)
    (event,) = shown["events"]
    assert event["data"] == {"error_code": "LID-401", "detail": "jammed"}
    assert event["unregistered"] == {"arm_degrees": 41.5}
    output = fleet_session("--event", "e6", database=own).output
    assert output.index("payload") < output.index("jammed") < output.index("not registered")
    assert output.index("not registered") < output.index("arm_degrees")
    assert "There is no event e77; give its whole event_id;" in (
        fleet_session("--event", "e77", database=own).output
    )


def why(database: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["why", "--database", str(database), *words])


@pytest.mark.parametrize("wanted", ["D-10", "d-10", "O-10", "https://x.example/?id=D-10"])
def test_why_says_one_sentence_and_its_evidence(database: Path, wanted: str) -> None:
    result = why(database, wanted)
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "D-10 failed: The lid of robot R-1 failed.",
        "  2026-11-02 20:10:10 UTC  robot.error: Error LID-401 of [bold]lid[/nonsense]�[2J",
        "  2026-11-02 20:11:40 UTC  delivery.dropoff_failed: Dropoff failed",
    ]
    shown = json.loads(why(database, wanted, "--json").output)
    assert shown["deliveries"][0]["probable_cause"] == "lid_fault"
    assert [event["event_id"] for event in shown["events"]] == ["e6", "e8"]


def test_why_of_what_is_no_delivery_says_what_to_do(database: Path) -> None:
    for wanted, message in (
        ("R-1", "R-1 is no delivery; name one, or list them with `fleet session --failed`."),
        ("X-4711", "There is no delivery X-4711; none is like it;"),
    ):
        result = why(database, wanted)
        assert result.exit_code == 1
        assert message in result.output


def test_an_empty_database_is_no_good_news(database: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.duckdb"
    shutil.copy(database, own)
    with duckdb.connect(str(own)) as connection:
        for mart in ("delivery_sessions", "event_timeline"):
            connection.execute(f"delete from fleet_marts.{mart}")
    result = CliRunner().invoke(main, ["session", "--database", str(own), "--failed"])
    assert "Nothing is loaded yet" in result.output
    assert "No delivery failed" not in result.output


def test_a_long_story_is_paged_in_a_terminal_alone(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paged: list[str] = []
    monkeypatch.setattr("pydoc.pager", paged.append)
    terminal = Console(force_terminal=True, width=100, file=io.StringIO())
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    for pager, console in ((True, Console(file=io.StringIO())), (False, terminal)):
        with command.paged(console, pager):
            console.print("a story")
    assert paged == []
    with command.paged(terminal, pager=True):
        terminal.print("a story")
    assert ["a story" in text for text in paged] == [True]

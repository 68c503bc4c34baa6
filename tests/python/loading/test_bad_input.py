"""Public collections of bad input, each item a line between two good events."""

import json
import tarfile

import pytest

from tests.python.conftest import ROOT, Warehouse

DATA = ROOT.parent / "shared" / "data" / "json"
# JSON as its grammar goes, but readers differ in what it says.
KEY_TWICE = {"y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"}
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the public test data is not beside the project"
)


def suite() -> dict[str, bytes]:
    """Files of JSONTestSuite by name, each on one line.

    A carriage return stands for each line feed: to JSON they are alike, and it ends no line.
    """
    with tarfile.open(DATA / "test_parsing.tar.xz") as archive:
        files = {member.name: archive.extractfile(member) for member in archive if member.isfile()}
        return {
            name.rpartition("/")[2]: file.read().replace(b"\n", b"\r")
            for name, file in files.items()
            if file and name.endswith(".json")
        }


def good(number: int, word: str) -> dict[str, object]:
    return {"event_id": f"{number}-{word}"}


def test_each_file_of_the_json_test_suite_between_two_good_events(dbt: Warehouse) -> None:
    files = suite()
    for number, (name, line) in enumerate(files.items()):
        wrapped = b'{"payload": ' + line + b"}"
        dbt.land(f"{name}.bare.ndjson", [good(number, "before"), line, good(number, "after")])
        dbt.land(f"{name}.value.ndjson", [good(number, "before"), wrapped, good(number, "after")])

    dbt.load()

    arrived = dict(
        dbt.rows(
            "select payload ->> 'event_id', count(*) from event_log.event_lines"
            " where payload ->> 'event_id' is not null group by all"
        )
    )
    expected = {
        good(number, word)["event_id"]
        for number in range(len(files))
        for word in ("before", "after")
    }
    assert arrived.keys() >= expected
    assert {arrived[event_id] for event_id in expected} == {2}

    refused = {
        (name, kind): reason
        for name, kind, reason in dbt.rows(
            r"select regexp_extract(source_file, '^(.*)\.(bare|value)\.ndjson$', 1),"
            r" regexp_extract(source_file, '^(.*)\.(bare|value)\.ndjson$', 2), reason"
            " from event_log.rejected_lines"
        )
    }
    must_parse = {name for name in files if name.startswith("y_")} - KEY_TWICE
    must_not = {name for name in files if name.startswith("n_")}
    malformed = {
        name for (name, kind), why in refused.items() if (kind, why) == ("bare", "malformed")
    }
    assert must_not - malformed == set()
    assert must_parse & malformed == set()
    assert KEY_TWICE - malformed == set()
    assert must_parse & {name for name, kind in refused if kind == "value"} == set()

    # DuckDB takes accepted lines unasked; one that it cannot read would stop every model.
    assert dbt.rows("select 1 from event_log.event_lines where not json_valid(payload)") == []

    lines = dbt.rows("select sum(line_count), sum(rejected_count) from event_log.loaded_files")
    ((accepted,),) = dbt.rows("select count(*) from event_log.event_lines")
    assert accepted + len(refused) == 6 * len(files)
    assert lines == [(6 * len(files), len(refused))]


def test_naughty_strings_arrive_unchanged(dbt: Warehouse) -> None:
    strings = json.loads((DATA / "blns.json").read_text(encoding="utf-8"))
    # Half as UTF-8, half as \u escapes: the two ways a writer can put them.
    for ascii_only in (False, True):
        lines = [json.dumps({"text": text}, ensure_ascii=ascii_only).encode() for text in strings]
        dbt.land(f"{ascii_only}.ndjson.gz", lines)

    dbt.load()

    assert dbt.rows("select line from event_log.rejected_lines") == []
    texts = dbt.rows("select payload ->> 'text' from event_log.event_lines order by rowid")
    assert [text for (text,) in texts] == strings * 2

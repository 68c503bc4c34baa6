"""No model fails on what staging accepts: fields at their bounds, times at the calendar's ends."""

from fleet.registry import load_registry
from fleet.registry.targets.lines import example_line
from tests.python.conftest import ROOT, Warehouse
from tests.python.registry.odd_lines import NotAnEventError, environment, extremes, fits, said

NOT_TESTED = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")


def test_no_model_fails_on_what_staging_accepts(dbt: Warehouse) -> None:
    registry = load_registry(ROOT)
    lines = [line.encode() for line in extremes(registry)]
    accepted = 0
    for line in lines:
        try:
            accepted += environment(said(line)) == "prod" and fits(said(line), registry)
        except NotAnEventError:
            continue
    # COPY would fail a whole file for such a text; Vector and the loggers keep it out.
    lines.append(b'{"event_id":"long","evt":{"name":"x"},"data":{"text":"%s"}}' % (b"x" * 70_000))
    dbt.land("extremes.ndjson", lines)
    dbt.load()
    dbt("build", *NOT_TESTED)  # fails with a model

    assert accepted > 1000
    counts = "sum(accepted_count + duplicate_count), sum(line_count)"
    assert dbt.rows(f"select {counts} from fleet_marts.event_reconciliation") == [
        (accepted, len(lines))
    ]
    too_large = "select event_id from fleet_marts.quarantined_lines where reason = 'too_large'"
    assert dbt.rows(too_large) == [("long",)]
    ((events,),) = dbt.rows("select count(*) from fleet_marts.event_timeline")
    assert (
        events == dbt.rows("select sum(accepted_count) from fleet_marts.event_reconciliation")[0][0]
    )
    # A second night reads them again from what the first left.
    dbt.land("more.ndjson", lines[::7])
    dbt.load()
    dbt("run", "--selector", "nightly")


def test_no_model_fails_on_lines_with_the_least_that_they_must_have(dbt: Warehouse) -> None:
    registry = load_registry(ROOT)
    lines = []
    for number, event in enumerate(registry.events):
        example = example_line(event, registry)
        ids = [name for name, need in event.ids.items() if need == "required"]
        fields = {
            name: example["data"][name] for name in event.fields if event.fields[name].required
        }
        lines.append(
            {"evt": {"name": event.name}, "occurred_at": f"2026-11-02T10:{number:02}:00Z"}
            | {name: example[name] for name in ids}
            | ({"data": fields} if fields else {})
        )
    # One robot is known of the last moment alone.
    last = lines[[event.name for event in registry.events].index("robot.state_changed")]
    lines.append(last | {"robot_id": "R-1", "occurred_at": "2026-11-02T10:59:00Z"})
    dbt.land("least.ndjson", lines)
    dbt.load()
    dbt("build", *NOT_TESTED)
    ((accepted,),) = dbt.rows("select sum(accepted_count) from fleet_marts.event_reconciliation")
    assert accepted == len(lines)
    assert dbt.rows("select count(*) from fleet_marts.event_timeline") == [(len(lines),)]
    hours = "select state, duration_seconds from fleet_marts.supply_hours where robot_id = 'R-1'"
    assert dbt.rows(hours) == [("unobserved", 3600)]
    dbt("test", "--select", "assert_states_fill_every_hour")

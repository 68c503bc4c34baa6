"""No model fails on what staging accepts: fields at their bounds, times at the calendar's ends."""

from fleet.registry import load_registry
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

"""Each thing that the linter is to find, planted in specs that are otherwise sound."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from fleet.sigma.definition import Project, read_settings
from fleet.sigma.lint import problems
from fleet.sigma.render import render_data_model, render_workbook
from tests.python.conftest import ROOT

EXAMPLE = read_settings(ROOT / "sigma/settings.example.yml")
OWN_MARKET = EXAMPLE.model_copy(update={"market_attribute": "market"})
Spec = dict[str, Any]


def table(spec: Spec, name: str) -> Spec:
    """A table of the data model."""
    tables: list[Spec] = spec["pages"][0]["elements"]
    (found,) = [one for one in tables if one["name"] == name]
    return found


def element(spec: Spec, element_id: str) -> Spec:
    """An element of the workbook."""
    elements: list[Spec] = spec["contents"]["elements"]
    (found,) = [one for one in elements if one["id"] == element_id]
    return found


def column(spec: Spec, name: str) -> Spec:
    columns: list[Spec] = spec["columns"]
    (found,) = [one for one in columns if one["name"] == name]
    return found


def in_sql(
    old: str, new: str, element_id: str = "delivery-summary"
) -> Callable[[Spec, Spec], None]:
    """Plant something in a query of the workbook."""

    def plant(_: Spec, workbook: Spec) -> None:
        source = element(workbook, element_id)["source"]
        assert old in source["statement"]
        source["statement"] = source["statement"].replace(old, new)

    return plant


def in_layout(old: str, new: str) -> Callable[[Spec, Spec], None]:
    def plant(_: Spec, workbook: Spec) -> None:
        assert old in workbook["contents"]["layout"]
        workbook["contents"]["layout"] = workbook["contents"]["layout"].replace(old, new, 1)

    return plant


def renamed_column(data_model: Spec, workbook: Spec) -> None:
    supply = table(data_model, "supply_hours_daily")
    column(supply, "Busy Hours")["formula"] = "[supply_hours_daily/busy_minutes]"


def column_of_another_mart(data_model: Spec, workbook: Spec) -> None:
    supply = table(data_model, "supply_hours_daily")
    column(supply, "Busy Hours")["formula"] = "[supply_hours/busy_seconds]"


def metric_of_no_column(data_model: Spec, workbook: Spec) -> None:
    table(data_model, "supply_hours_daily")["metrics"][0]["formula"] = "Sum([Busy Minutes])"


def join_by_no_column(data_model: Spec, workbook: Spec) -> None:
    (one,) = table(data_model, "delivery_session_events")["relationships"]
    one["keys"][0]["targetColumnId"] = "delivery_sessions/id"


def one_table_twice(data_model: Spec, workbook: Spec) -> None:
    tables = data_model["pages"][0]["elements"]
    tables.append(deepcopy(tables[0]))


def formula_of_no_column(_: Spec, workbook: Spec) -> None:
    column(element(workbook, "downtime-reasons"), "Reason")["formula"] = (
        "[downtime_reasons_daily/Cause]"
    )


def formula_of_another_element(_: Spec, workbook: Spec) -> None:
    column(element(workbook, "near-codes"), "Deliveries")["formula"] = "Count([Its events/Stream])"


def column_of_itself(_: Spec, workbook: Spec) -> None:
    column(element(workbook, "near-codes"), "Deliveries")["formula"] = "[Deliveries] + 1"


def column_that_no_query_selects(_: Spec, workbook: Spec) -> None:
    column(element(workbook, "delivery-events"), "Summary")["formula"] = "[Custom SQL/payload]"


def axis_of_no_column(_: Spec, workbook: Spec) -> None:
    element(workbook, "near-codes")["xAxis"]["columnId"] = "near-codes--reason"


def column_on_two_channels(_: Spec, workbook: Spec) -> None:
    chart = element(workbook, "replay-states")
    chart["color"]["column"] = chart["xAxis"]["columnId"]


def source_that_is_no_element(_: Spec, workbook: Spec) -> None:
    element(workbook, "near-codes")["source"]["elementId"] = "near"


def element_id_twice(_: Spec, workbook: Spec) -> None:
    element(workbook, "near-codes")["id"] = "near-deliveries"


def control_filters_no_column(_: Spec, workbook: Spec) -> None:
    element(workbook, "control-downtime-market")["filters"][0]["columnId"] = "x"


def control_takes_values_of_no_element(_: Spec, workbook: Spec) -> None:
    element(workbook, "control-downtime-market")["source"]["source"]["elementId"] = "x"


def control_of_nothing(_: Spec, workbook: Spec) -> None:
    del element(workbook, "control-funnel-days")["filters"]


def control_id_twice(_: Spec, workbook: Spec) -> None:
    element(workbook, "control-funnel-days")["controlId"] = "funnel-market"


PLANTED: list[tuple[Callable[[Spec, Spec], None], str]] = [
    (renamed_column, "the contract has no column busy_minutes"),
    (column_of_another_mart, "Busy Hours reads supply_hours, not supply_hours_daily"),
    (metric_of_no_column, "reads no column Busy Minutes"),
    (join_by_no_column, "no column delivery_sessions/id to join to"),
    (one_table_twice, "two tables are named delivery_funnel_daily"),
    (formula_of_no_column, "there is no column [downtime_reasons_daily/Cause]"),
    (formula_of_another_element, "there is no column [Its events/Stream]"),
    (column_of_itself, "[Deliveries] is no other column"),
    (column_that_no_query_selects, "there is no column [Custom SQL/payload]"),
    (axis_of_no_column, "near-codes: it has no column with the id near-codes--reason"),
    (column_on_two_channels, "replay-states--hour_at is on two channels"),
    (source_that_is_no_element, "its source near is no element"),
    (element_id_twice, "near-deliveries: 2 elements have this id"),
    (in_layout('elementId="near-codes"', 'elementId="near-deliveries"'), "2 times, not once"),
    (in_layout('elementId="near-codes"', 'elementId="near"'), "near: the layout places it, but"),
    (in_layout('id="funnel"', 'id="tunnel"'), "name different pages"),
    (in_layout('gridRow="7 / 13"', 'gridRow="7 / 14"'), "the layout puts it over another"),
    (control_filters_no_column, "downtime-market: downtime-supply has no column x"),
    (control_takes_values_of_no_element, "downtime-market: x has no column"),
    (control_of_nothing, "funnel-days: no element and no query uses this control"),
    (control_id_twice, "funnel-market: 2 controls have this id"),
    (in_sql("{{delivery-id}}", "{{delivery}}"), "there is no control delivery."),
    (in_sql("{{delivery-id}}", "{{#raw delivery-id}}"), "would become part of the SQL"),
    (in_sql("{{delivery-id}}", "{{#identifier [delivery-id]}}"), "would become part of the SQL"),
    (in_sql("{{delivery-id}}", "'{{delivery-id}}'"), "stands within quotes"),
    (in_sql("where", "-- of {{delivery-id}}\nwhere"), "stands within quotes or a comment"),
    (in_sql("trim({{delivery-id}})", "'D-' || {{delivery-id}}"), "its SQL builds text"),
    (in_sql("trim(", "concat('D-', "), "its SQL builds text"),
    (in_sql("trim({{delivery-id}})", "{{delivery-id}}; drop table x"), "must be one select"),
    (in_sql("select\n", "delete from x\n"), "must be one select"),
    (in_sql("{{delivery-id}}", "{{seconds-near-arrival}}"), "cast it where it is used"),
    (in_sql("{{delivery-id}}", "{{funnel-days}}"), "a date-range control is no single value"),
]  # fmt: skip


def test_the_rendered_specs_are_sound(project: Project) -> None:
    for settings in (EXAMPLE, OWN_MARKET):
        data_model = render_data_model(project, settings)
        assert problems(project, settings, data_model, render_workbook(project, settings)) == []


@pytest.mark.parametrize(("plant", "message"), PLANTED, ids=[message for _, message in PLANTED])
def test_what_is_wrong_is_found(
    project: Project, plant: Callable[[Spec, Spec], None], message: str
) -> None:
    data_model, workbook = render_data_model(project, EXAMPLE), render_workbook(project, EXAMPLE)
    plant(data_model, workbook)
    found = problems(project, EXAMPLE, data_model, workbook)
    assert any(message in problem for problem in found), found


def no_filter(data_model: Spec, _: Spec) -> None:
    del table(data_model, "supply_hours")["filters"]


@pytest.mark.parametrize("plant", [no_filter, in_sql("and market =", "or market =")])
def test_rows_of_all_markets_are_found(
    project: Project, plant: Callable[[Spec, Spec], None]
) -> None:
    data_model = render_data_model(project, OWN_MARKET)
    workbook = render_workbook(project, OWN_MARKET)
    plant(data_model, workbook)
    found = problems(project, OWN_MARKET, data_model, workbook)
    assert any("not limited to the user's market" in problem for problem in found), found

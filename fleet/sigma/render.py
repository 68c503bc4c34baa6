"""The two specs that Sigma's API takes, as plain dictionaries.

The shapes are those of Sigma's documentation of 2026: a data model with its pages and elements,
and a workbook whose elements stand in one flat list and are placed by a layout in XML.
"""

from __future__ import annotations

import re
from string import Template
from typing import Any

from fleet.sigma.definition import Control, Element, Page, Project, Settings

Spec = dict[str, Any]

PAGE_COLUMNS = 24
CONTROLS_IN_A_ROW = 4
TEXT_HEIGHT, CONTROL_HEIGHT, CHART_HEIGHT = 3, 3, 12
REFERENCE = re.compile(r"\[(\w+)\]")
OWN_MARKET = "own_market"
RESULT_OF_A_QUERY = "Custom SQL"

CONTROL_DEFAULTS: dict[str, Spec] = {
    "text": {"mode": "equals", "case": "sensitive", "value": "", "showOperators": False},
    "number": {"mode": "="},
    "list": {"mode": "include", "selectionMode": "multiple", "values": []},
    "date-range": {"mode": "last", "value": 30, "unit": "day", "includeToday": True},
}


def friendly(name: str) -> str:
    """How a column is shown: delivery_id as Delivery Id."""
    return name.replace("_", " ").title()


def render_data_model(project: Project, settings: Settings) -> Spec:
    """Spec for POST /v2/dataModels/spec: a table a mart, with its metrics and relationships."""
    shown = marts_shown(project, settings)
    elements = [data_model_table(project, settings, mart) for mart in shown]
    for number, (mart, column, other, field) in enumerate(project.marts.relationships, start=1):
        if mart in shown and other in shown:
            elements[shown.index(mart)].setdefault("relationships", []).append(
                {
                    "id": f"relationship-{number}",
                    "targetElementId": other,
                    "keys": [
                        {"sourceColumnId": f"{mart}/{column}", "targetColumnId": f"{other}/{field}"}
                    ],
                    "name": friendly(other),
                }
            )
    return {
        "name": project.workbook.name,
        "folderId": settings.folder_id,
        "schemaVersion": 1,
        "pages": [{"id": "marts", "name": "Marts", "elements": elements}],
    }


def marts_shown(project: Project, settings: Settings) -> list[str]:
    """Marts of the data model in order; with row-level security those only that know a market."""
    used = set(project.workbook.marts)
    for page in project.workbook.pages:
        used.update(element.mart for element in page.elements if element.mart)
    return [mart for mart in sorted(used) if may_show(project, settings, mart)]


def may_show(project: Project, settings: Settings, mart: str) -> bool:
    return not settings.market_attribute or "market" in project.columns_of(mart)


def data_model_table(project: Project, settings: Settings, mart: str) -> Spec:
    def source_name(column: str) -> str:
        return friendly(column) if settings.column_names == "friendly" else column

    columns: list[Spec] = [
        {
            "id": f"{mart}/{column}",
            "formula": f"[{mart}/{source_name(column)}]",
            "name": friendly(column),
            "description": description,
        }
        for column, description in project.columns_of(mart).items()
    ]
    table: Spec = {
        "id": mart,
        "kind": "table",
        "name": mart,
        "source": {
            "kind": "warehouse-table",
            "connectionId": settings.connection_id,
            "path": [settings.database, settings.schema_, mart],
        },
        "columns": columns,
    }
    metrics = [metric for metric in project.marts.metrics.values() if metric.mart == mart]
    if metrics:
        table["metrics"] = [
            {
                "id": metric.name.replace("_", "-"),
                "formula": REFERENCE.sub(lambda m: f"[{friendly(m[1])}]", metric.formula),
                "name": metric.label,
                "description": metric.description,
            }
            for metric in metrics
        ]
    if settings.market_attribute:
        own = f"{mart}/{OWN_MARKET}"
        formula = f'[Market] = CurrentUserAttributeText("{settings.market_attribute}")'
        columns.append(
            {"id": own, "formula": formula, "name": friendly(OWN_MARKET), "hidden": True}
        )
        table["filters"] = [
            {
                "id": f"{mart}-own-market",
                "columnId": own,
                "kind": "list",
                "mode": "include",
                "values": [True],
            }
        ]
    return table


def render_workbook(project: Project, settings: Settings, data_model: Spec | None = None) -> Spec:
    """Spec for POST /v2/workbooks.

    `data_model` is the data model as GET /v2/dataModels/{id}/spec gives it: Sigma gives its
    elements ids of its own. Without it the ids of our data model stand in their place.
    """
    element_ids = {
        element["name"]: element["id"]
        for page in (data_model or render_data_model(project, settings))["pages"]
        for element in page["elements"]
        if "name" in element
    }
    data_model_id = (data_model or {}).get("dataModelId", "your-data-model-id")
    elements: list[Spec] = []
    pages: list[Spec] = []
    layouts: list[str] = []
    for page in project.workbook.pages:
        shown = [
            element
            for element in page.elements
            if not element.mart or may_show(project, settings, element.mart)
        ]
        if not shown:
            continue
        filtered = {name for element in shown for name in columns_shown(project, element)}
        controls = [one for one in page.controls if one.column is None or one.column in filtered]
        pages.append({"id": page.id, "name": page.name})
        layouts.append(layout(page, controls, shown))
        elements.append({"id": f"{page.id}-text", "kind": "text", "body": page.text.strip()})
        elements += [control_element(project, shown, control) for control in controls]
        for element in shown:
            source: Spec
            if element.mart:
                source = {
                    "kind": "data-model",
                    "dataModelId": data_model_id,
                    "elementId": element_ids.get(element.mart, element.mart),
                }
            elif element.sql:
                source = {
                    "kind": "sql",
                    "connectionId": settings.connection_id,
                    "statement": statement(project, settings, element),
                }
            else:
                source = {"kind": "table", "elementId": element.of}
            elements.append(data_element(project, page, element, source))
    return {
        "name": project.workbook.name,
        "folderId": settings.folder_id,
        "contents": {
            "schemaVersion": 1,
            "kind": "workbook",
            "elements": elements,
            "pages": pages,
            "layout": '<?xml version="1.0" encoding="utf-8"?>\n' + "".join(layouts),
        },
    }


def statement(project: Project, settings: Settings, element: Element) -> str:
    """The query of an element, with the marts' schema and the market of row-level security."""
    own_market = ""
    if settings.market_attribute:
        own_market = (
            f"and market = {{{{system::CurrentUserAttributeText::{settings.market_attribute}}}}}"
        )
    text = Template(project.query(element).text).substitute(
        marts=f'"{settings.database}"."{settings.schema_}"', and_own_market=own_market
    )
    return text.rstrip() + "\n"


def columns_shown(project: Project, element: Element) -> list[str]:
    """Columns of an element that are no measures: those it lists, and its axes."""
    listed = element.columns
    if element.sql:
        listed = project.query(element).columns
    more = [*element.where, element.x, element.color]
    return list(dict.fromkeys([*listed, *(name for name in more if name)]))


def data_element(project: Project, page: Page, element: Element, source: Spec) -> Spec:
    prefix = element.mart or RESULT_OF_A_QUERY
    if element.of:
        prefix = next(other.name for other in page.elements if other.id == element.of)

    def reference(column: str) -> str:
        return f"[{prefix}/{column if element.sql else friendly(column)}]"

    spec: Spec = {
        "id": element.id,
        "kind": element.kind,
        "name": element.name,
        "source": source,
        "columns": [
            {"id": column_id(element, name), "formula": reference(name), "name": friendly(name)}
            for name in columns_shown(project, element)
        ],
    }
    measures: dict[str, str] = {}
    for label, formula in labelled(project, element).items():
        measures[f"{element.id}--y{len(measures) + 1}"] = label
        spec["columns"].append(
            {
                "id": f"{element.id}--y{len(measures)}",
                "formula": REFERENCE.sub(lambda m: reference(m[1]), formula),
                "name": label,
            }
        )
    if element.where:
        spec["filters"] = [
            {
                "id": f"{element.id}--where-{number}",
                "columnId": column_id(element, column),
                "kind": "list",
                "mode": "include",
                "values": list(values),
            }
            for number, (column, values) in enumerate(element.where.items(), start=1)
        ]
    if element.sort:
        spec["sort"] = [
            {
                "columnId": column_id(element, column.removeprefix("-")),
                "direction": "descending" if column.startswith("-") else "ascending",
            }
            for column in element.sort
        ]
    if element.x:
        spec["xAxis"] = {"columnId": column_id(element, element.x)}
        spec["yAxis"] = {"columnIds": list(measures)}
        if element.kind == "bar-chart":
            spec["stacking"] = element.stacking
    if element.color:
        spec["color"] = {"by": "category", "column": column_id(element, element.color)}
    return spec


def labelled(project: Project, element: Element) -> dict[str, str]:
    """The measures of a chart, formula by label; a metric brings its own."""
    if isinstance(element.y, dict):
        return element.y
    metrics = [project.marts.metrics[name] for name in element.y]
    return {metric.label: metric.formula for metric in metrics}


def column_id(element: Element, column: str) -> str:
    return f"{element.id}--{column}"


def control_element(project: Project, shown: list[Element], control: Control) -> Spec:
    """A control, wired to every element of its page that has its column."""
    targets: list[Spec] = [
        {
            "source": {"kind": "table", "elementId": element.id},
            "columnId": column_id(element, control.column),
        }
        for element in shown
        if control.column and control.column in columns_shown(project, element)
    ]
    spec: Spec = {
        "id": f"control-{control.id}",
        "kind": "control",
        "controlId": control.id,
        "controlType": control.type,
        "name": control.name,
        **CONTROL_DEFAULTS[control.type],
    }
    if control.type == "list":
        # Sigma takes the values to choose from from a table.
        tables = [element.id for element in shown if element.kind == "table"]
        in_tables = [target for target in targets if target["source"]["elementId"] in tables]
        spec["source"] = {"kind": "source", **(in_tables or targets)[0]}
    else:
        spec["includeNulls"] = "when-no-value-is-selected"
    if control.value is not None:
        spec["value"] = control.value
    if targets:
        spec["filters"] = targets
    return spec


def layout(page: Page, controls: list[Control], shown: list[Element]) -> str:
    """A page of the layout: text, controls in a row, tables of full and charts of half width."""
    lines: list[str] = []
    row = 1

    def place(element_id: str, column: int, width: int, height: int) -> None:
        lines.append(
            f'  <Element elementId="{element_id}" gridColumn="{column} / {column + width}" '
            f'gridRow="{row} / {row + height}"/>\n'
        )

    place(f"{page.id}-text", 1, PAGE_COLUMNS, TEXT_HEIGHT)
    row += TEXT_HEIGHT
    width = PAGE_COLUMNS // CONTROLS_IN_A_ROW
    for number, control in enumerate(controls):
        place(f"control-{control.id}", 1 + number * width, width, CONTROL_HEIGHT)
    row += CONTROL_HEIGHT if controls else 0
    half = PAGE_COLUMNS // 2
    is_left_taken = False
    for element in shown:
        if element.kind != "table":
            place(element.id, 1 + half * is_left_taken, half, CHART_HEIGHT)
            row += CHART_HEIGHT * is_left_taken
            is_left_taken = not is_left_taken
            continue
        row += CHART_HEIGHT * is_left_taken
        is_left_taken = False
        place(element.id, 1, PAGE_COLUMNS, element.height)
        row += element.height
    head = f'<Page type="grid" gridTemplateColumns="repeat({PAGE_COLUMNS}, 1fr)" '
    return f'{head}gridTemplateRows="auto" id="{page.id}">\n' + "".join(lines) + "</Page>\n"

"""What can be checked of the specs without a Sigma tenant.

It knows the columns that dbt's contracts promise, and that Sigma puts a control's value into SQL
as a quoted literal. Whether Sigma accepts a spec only Sigma knows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from xml.etree import ElementTree

from fleet.sigma.definition import Project, Settings
from fleet.sigma.render import OWN_MARKET, RESULT_OF_A_QUERY, Spec, friendly

TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
CONTROL_TAG = re.compile(r"\{\{([a-z0-9-]+)\}\}")
USER_TAG = re.compile(r"system::CurrentUserAttributeText::[\w -]+")
REFERENCE = re.compile(r"\[([^\]/]+)(?:/([^\]]+))?\]")
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
TEXT_IN_A_FORMULA = re.compile(r'"[^"]*"')
BUILT = re.compile(r"\|\||\b(concat|execute|prepare|listagg)\b", re.IGNORECASE)
CHANNELS = {"xAxis": "columnId", "color": "column"}


def problems(project: Project, settings: Settings, data_model: Spec, workbook: Spec) -> list[str]:
    """Every problem, one sentence each; none when all is well."""
    return [
        *data_model_problems(project, settings, data_model),
        *formula_problems(project, data_model, workbook),
        *layout_problems(workbook),
        *control_problems(workbook),
        *sql_problems(settings, workbook),
    ]


def data_model_problems(project: Project, settings: Settings, data_model: Spec) -> Iterator[str]:
    tables = [element for page in data_model["pages"] for element in page["elements"]]
    for name, count in Counter(table["name"] for table in tables).items():
        if count > 1:
            yield f"Data model: two tables are named {name}; Sigma wants one."
    ids = {table["id"]: {column["id"] for column in table["columns"]} for table in tables}
    for table in tables:
        mart = table["source"]["path"][-1]
        promised = project.marts.columns.get(mart, {})
        promised_names = {*promised, *(friendly(column) for column in promised)}
        names = {column["name"] for column in table["columns"]}
        for column in table["columns"]:
            for source, name in references(column["formula"]):
                if source == mart and name not in promised_names:
                    yield f"Data model, {mart}: the contract has no column {name}."
                elif source not in (mart, None):
                    yield f"Data model, {mart}: {column['name']} reads {source}, not {mart}."
                elif source is None and name not in names:
                    yield f"Data model, {mart}: {column['name']} reads {name}, which is no column."
        for metric in table.get("metrics", []):
            for _, name in references(metric["formula"]):
                if name not in names:
                    yield f"Data model, {mart}: metric {metric['name']} reads no column {name}."
        for relationship in table.get("relationships", []):
            target = ids.get(relationship["targetElementId"])
            for key in relationship["keys"]:
                if key["sourceColumnId"] not in ids[table["id"]]:
                    yield f"Data model, {mart}: no column {key['sourceColumnId']} to join by."
                if target is None or key["targetColumnId"] not in target:
                    yield f"Data model, {mart}: no column {key['targetColumnId']} to join to."
        if settings.market_attribute:
            filtered = {rule["columnId"] for rule in table.get("filters", [])}
            if f"{mart}/{OWN_MARKET}" not in filtered:
                yield f"Data model, {mart}: rows are not limited to the user's market."


def references(formula: str) -> list[tuple[str | None, str]]:
    """(source, column) of each [source/column], source None for [column]."""
    bare = TEXT_IN_A_FORMULA.sub("", formula)
    return [
        (first if second else None, second or first) for first, second in REFERENCE.findall(bare)
    ]


def data_elements(workbook: Spec) -> list[Spec]:
    elements: list[Spec] = workbook["contents"]["elements"]
    return [element for element in elements if "source" in element and "columns" in element]


def formula_problems(project: Project, data_model: Spec, workbook: Spec) -> Iterator[str]:
    """Every column that a formula of the workbook reads exists, where it says."""
    marts = {
        table["name"]: {column["name"] for column in table["columns"]}
        for page in data_model["pages"]
        for table in page["elements"]
    }
    shown = data_elements(workbook)
    by_id = {element["id"]: element for element in shown}
    for element in shown:
        source = element["source"]
        if source["kind"] == "sql":
            listed = re.search(r"\Aselect\n(.*?)\nfrom ", source["statement"], re.DOTALL)
            columns = set(re.findall(r"(\w+),?\n", listed[1] + "\n")) if listed else set()
            known = {RESULT_OF_A_QUERY: columns}
        elif source["kind"] == "table":
            other = by_id.get(source["elementId"])
            if other is None:
                yield f"{element['id']}: its source {source['elementId']} is no element."
                continue
            known = {other["name"]: {column["name"] for column in other["columns"]}}
        else:
            known = marts
        own = {column["name"]: column for column in element["columns"]}
        if len(own) < len(element["columns"]):
            yield f"{element['id']}: two columns have one name."
        for column in element["columns"]:
            for prefix, name in references(column["formula"]):
                if prefix is None and (name not in own or name == column["name"]):
                    yield f"{element['id']}: [{name}] is no other column of this element."
                elif prefix is not None and name not in known.get(prefix, set()):
                    yield f"{element['id']}: there is no column [{prefix}/{name}]."
        ids = {column["id"] for column in element["columns"]}
        used = [element[channel][key] for channel, key in CHANNELS.items() if channel in element]
        used += element.get("yAxis", {}).get("columnIds", [])
        for channel, count in Counter(used).items():
            if count > 1:
                yield f"{element['id']}: {channel} is on two channels; Sigma wants one."
        used += [rule["columnId"] for key in ("filters", "sort") for rule in element.get(key, [])]
        for missing in sorted(set(used) - ids):
            yield f"{element['id']}: it has no column with the id {missing}."


def layout_problems(workbook: Spec) -> Iterator[str]:
    """Every element is placed once, on a page that exists, and covers no other."""
    contents = workbook["contents"]
    ids = Counter(element["id"] for element in contents["elements"])
    for element_id, count in ids.items():
        if count > 1:
            yield f"{element_id}: {count} elements have this id."
    # Several roots, so the declaration goes and one root comes around them.
    body = contents["layout"].partition("?>")[2]
    placed: Counter[str] = Counter()
    pages = Counter(page["id"] for page in contents["pages"])
    blocks = ElementTree.fromstring(f"<layout>{body}</layout>")
    if Counter(block.get("id", "") for block in blocks) != pages:
        yield "The layout and the list of pages name different pages."
    for block in blocks:
        taken: set[tuple[int, int]] = set()
        for child in block:
            element_id = child.get("elementId", "")
            placed[element_id] += 1
            left, right = (int(edge) for edge in child.get("gridColumn", "").split("/"))
            top, bottom = (int(edge) for edge in child.get("gridRow", "").split("/"))
            cells = {(x, y) for x in range(left, right) for y in range(top, bottom)}
            if taken & cells or right > 25:
                yield f"{element_id}: the layout puts it over another, or off the page."
            taken |= cells
    for element_id in ids.keys() | placed.keys():
        if element_id not in ids:
            yield f"{element_id}: the layout places it, but there is no such element."
        elif placed[element_id] != 1:
            yield f"{element_id}: the layout places it {placed[element_id]} times, not once."


def control_problems(workbook: Spec) -> Iterator[str]:
    """Every control does something, and what it filters exists."""
    columns = {
        element["id"]: {column["id"] for column in element["columns"]}
        for element in data_elements(workbook)
    }
    statements = [
        element["source"]["statement"]
        for element in data_elements(workbook)
        if element["source"]["kind"] == "sql"
    ]
    in_sql = {tag for statement in statements for tag in CONTROL_TAG.findall(statement)}
    controls = [
        element for element in workbook["contents"]["elements"] if element["kind"] == "control"
    ]
    for control_id, count in Counter(control["controlId"] for control in controls).items():
        if count > 1:
            yield f"{control_id}: {count} controls have this id."
    for control in controls:
        targets = control.get("filters", [])
        if not targets and control["controlId"] not in in_sql:
            yield f"{control['controlId']}: no element and no query uses this control."
        if control["controlType"] == "list":
            targets = [*targets, control["source"]]
        for target in targets:
            element_id = target["source"]["elementId"]
            if target["columnId"] not in columns.get(element_id, set()):
                yield f"{control['controlId']}: {element_id} has no column {target['columnId']}."


def sql_problems(settings: Settings, workbook: Spec) -> Iterator[str]:
    """Queries are one select, and a control stands in them as a value and nothing else."""
    types = {
        element["controlId"]: element["controlType"]
        for element in workbook["contents"]["elements"]
        if element["kind"] == "control"
    }
    for element in data_elements(workbook):
        if element["source"]["kind"] != "sql":
            continue
        name, statement = element["id"], element["source"]["statement"]
        if not re.match(r"(select|with)\b", statement) or ";" in QUOTED.sub("", statement):
            yield f"{name}: its SQL must be one select, without a semicolon."
        if BUILT.search(statement):
            yield f"{name}: its SQL builds text; compare a column with a control instead."
        if len(TAG.findall(QUOTED.sub("", statement))) < len(TAG.findall(statement)):
            yield f"{name}: a control stands within quotes or a comment; Sigma quotes it itself."
        for tag in TAG.findall(statement):
            if tag.startswith("#"):
                yield f"{name}: {{{{{tag}}}}} would become part of the SQL; use the plain control."
            elif USER_TAG.fullmatch(tag):
                continue
            elif tag not in types:
                yield f"{name}: there is no control {tag}."
            elif types[tag] == "number" and f"cast({{{{{tag}}}}} as " not in statement:
                yield f"{name}: Sigma passes {tag} as text; cast it where it is used."
            elif types[tag] not in ("text", "number"):
                yield f"{name}: a {types[tag]} control is no single value; let it filter a column."
        user_tag = f"{{{{system::CurrentUserAttributeText::{settings.market_attribute}}}}}"
        if settings.market_attribute and f"\n    and market = {user_tag}\n" not in statement:
            yield f"{name}: its rows are not limited to the user's market."

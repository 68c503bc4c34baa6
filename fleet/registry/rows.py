"""Reads rows of the registry's files; each problem becomes one sentence that says where it is."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from fleet.registry.schema import (
    EVENT_NAME,
    Deprecation,
    EventField,
    Mds,
    Monitor,
    Roles,
    Row,
)
from fleet.yaml_files import YamlError, read_yaml

RowT = TypeVar("RowT", bound=Row)


class Reader:
    """Reads files of a project and keeps the problems found on the way."""

    def __init__(self, project_dir: Path) -> None:
        self.problems: list[str] = []
        self._project_dir = project_dir

    def read(self, file: str, *keys: str) -> dict[str, Any]:
        """The keys of a file with what they hold; empty where it cannot be read."""
        try:
            content = read_yaml(self._project_dir / file, file)
        except YamlError as error:
            self.problems.append(error.message)
            return {}
        self.problems.extend(
            f"{file}: unknown key {key!r}{hint(str(key), keys)}."
            for key in content
            if key not in keys
        )
        self.problems.extend(f"{file}: {key} is missing." for key in keys if key not in content)
        return content

    def rows(self, model: type[RowT], file: str, word: str, raw: object) -> tuple[RowT, ...]:
        """The rows of a list in a file; `word` is what messages call one of them."""
        if raw is None:
            return ()
        if not isinstance(raw, list):
            self.problems.append(f"{file}: must hold a list of {word}s.")
            return ()
        rows: list[RowT] = []
        names: Counter[str] = Counter()
        for number, item in enumerate(raw, start=1):
            name = item.get("name") if isinstance(item, dict) else None
            row = self.row(model, f"{file}, {word} {name or f'number {number}'}", item)
            if row:
                rows.append(row)
                names[str(name)] += 1
        self.problems.extend(
            f"{file}, {word} {name}: is given {count} times."
            for name, count in names.items()
            if count > 1
        )
        return tuple(rows)

    def row(self, model: type[RowT], where: str, raw: object) -> RowT | None:
        """One row; None where it has a problem."""
        try:
            return model.model_validate(raw)
        except ValidationError as error:
            found = (f"{where}{_problem(model, e)}" for e in error.errors(include_url=False))
            self.problems.extend(dict.fromkeys(found))
            return None


def hint(word: str, known: Iterable[str]) -> str:
    """(did you mean wait_s?), where one of the known words is close."""
    close = difflib.get_close_matches(word, sorted(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _problem(model: type[Row], detail: ErrorDetails) -> str:
    """The rest of a sentence for one pydantic error: ", field wait_s: brief is missing."."""
    loc = [str(part) for part in detail["loc"]]
    place = ""
    if len(loc) > 1 and loc[0] in ("fields", "ids", "example", "roles", "mds", "deprecated"):
        section = loc.pop(0)
        if section in ("fields", "ids"):
            place = f", {section[:-1]} {loc.pop(0)}"
            model = EventField
        else:
            place = f", {section}"
            loc = loc[:1]
            inner: dict[str, type[Row]] = {"roles": Roles, "mds": Mds, "deprecated": Deprecation}
            model = inner.get(section, model)
    # What follows the key is pydantic's own path through a union.
    key = loc[0] if loc else "it"
    match detail["type"]:
        case "extra_forbidden":
            known = {field.alias or name for name, field in model.model_fields.items()}
            return f"{place}: unknown key {key!r}{hint(key, known)}."
        case "missing":
            return f"{place}: {key} is missing."
        case "date_type" | "date_from_datetime_inexact":
            return f"{place}: {key} must be a date such as 2027-06-30, without quotes."
        case "dict_type" | "literal_error" if key == "events":
            return f"{place}: events must be all, errors, or a mapping of event names."
        case "literal_error" if key != "of":
            return f"{place}: {key} must be {detail.get('ctx', {}).get('expected')}."
        case _ if model is not Monitor and key in ("of", "entered_from"):
            named = "any" if key == "entered_from" else "robot_states or downtime_reasons"
            return (
                f"{place}: {key} must be {named}, or a list of lower_snake_case words "
                "(quote on, off, yes and no)."
            )
        case "string_pattern_mismatch":
            pattern = str(detail.get("ctx", {}).get("pattern", ""))
            if pattern == EVENT_NAME:
                return f"{place}: {key} must read stream.object_verb, lower case."
            wanted = "lower_snake_case" if "a-z" in pattern else f"text that fits {pattern}"
            return f"{place}: {key} must be {wanted}."
        case _:
            message = detail["msg"].removeprefix("Input should ").removeprefix("be ")
            return f"{place}: {key} must be {message}."

"""What all targets share: the mark of a generated file, the templates, words of the registry."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from fleet.registry.schema import (
    ID_LENGTH,
    TEXT_LENGTH,
    Event,
    EventField,
    Registry,
    unit,
)

MARK = "Generated from registry/ by `fleet registry generate`; do not edit."


class Target(NamedTuple):
    """One thing that is generated from the registry.

    Attributes:
        files: the generated files, path below the project, with `/`, to its text.
        owns: globs of files that are generated one per row of the registry. A file that matches,
            says MARK and is no longer generated is removed.
    """

    files: Callable[[Registry], dict[str, str]]
    owns: tuple[str, ...] = ()


def render(template: str, registry: Registry, **names: object) -> str:
    """Fill in a template of `fleet/registry/templates`; `names` may be functions."""
    return _environment().get_template(template).render(registry=registry, **names)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("fleet.registry"),
        # The templates write Jinja for dbt, so their own marks differ from dbt's.
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    environment.globals |= {
        "mark": MARK,
        "described": described,
        "event_words": event_words,
        "quoted": quoted,
        "quoted_words": quoted_words,
        "id_length": ID_LENGTH,
        "text_length": 4 * TEXT_LENGTH,
    }
    return environment


def described(name: str, field: EventField) -> str:
    """What a field is, with its unit."""
    words = unit(name)
    return f"{field.brief.removesuffix('.')} ({words})." if words else field.brief


def event_words(event: Event) -> str:
    """What an event is, and that it goes where it is deprecated."""
    return f"{event.brief} {event.deprecated.sentence}" if event.deprecated else event.brief


def quoted(text: str) -> str:
    """The text in double quotes, as JSON, YAML, Python and TypeScript read it."""
    return json.dumps(text, ensure_ascii=False)


def quoted_words(values: list[str], indent: int) -> str:
    """The values quoted, with commas, wrapped to lines of at most 100 characters."""
    words = " ".join(f'"{value}",' for value in values)
    margin = " " * indent
    return textwrap.fill(
        words, 99, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False
    )

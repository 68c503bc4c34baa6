"""A JSON Schema for the lines of each event, for whoever reads or writes them in any language."""

from __future__ import annotations

import json
from typing import Any

from fleet.registry.schema import Registry
from fleet.registry.targets.common import MARK
from fleet.registry.targets.lines import example_line, line_schema

OWNED = "schemas/*.json"


def files(registry: Registry) -> dict[str, str]:
    """`schemas/<event>.json`; each stands on its own."""
    return {
        f"schemas/{event.name}.json": json_text(
            {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "$id": f"urn:fleet-events:{event.name}:{event.version}",
                "$comment": MARK,
                **line_schema(event, registry),
                "examples": [example_line(event, registry)],
            }
        )
        for event in registry.events
    }


def json_text(document: dict[str, Any]) -> str:
    """The document as it stands in a file."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"

"""What `fleet session` shows, for programs: one shape of JSON, and CSV of its rows.

docs/look-up.md describes both; columns are those of the marts, under their contract.
"""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime

from fleet.lookup.payloads import event_object, json_row, json_value
from fleet.lookup.stores import Row
from fleet.session.stories import Story


def as_json(story: Story, until: datetime | None) -> str:
    """One object: what, id, loaded_until, deliveries, events; an event also has its payload."""
    events = [json_row(row) for row in story.events]
    if story.what == "event":
        events = [event_object(story.events[0], story.payload)]
    shown = {
        "what": story.what,
        "id": story.id or None,
        "loaded_until": json_value(until),
        "deliveries": [json_row(row) for row in story.deliveries],
        "events": events,
    }
    return json.dumps(shown, indent=1, ensure_ascii=False)


def as_csv(story: Story) -> str:
    """Rows of the events, or of the deliveries where none were asked for; the first names them."""
    rows: list[Row] = story.events or story.deliveries
    out = io.StringIO()
    if rows:
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(json_row(row) for row in rows)
    return out.getvalue()

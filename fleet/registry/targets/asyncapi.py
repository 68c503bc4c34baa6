"""An AsyncAPI 3.1 document: the stream of log lines, and the message that each event is on it."""

from __future__ import annotations

from typing import Any

from fleet.registry.schema import Event, Registry
from fleet.registry.targets.common import MARK
from fleet.registry.targets.json_schema import json_text

PATH = "schemas/asyncapi.json"


def files(registry: Registry) -> dict[str, str]:
    """`schemas/asyncapi.json`."""
    return {PATH: json_text(document(registry))}


def document(registry: Registry) -> dict[str, Any]:
    """The document; what a line must be is in the event's own file beside it."""
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "Fleet events",
            "version": registry.version,
            "description": "Structured event logs of a delivery-robot fleet, one JSON line per "
            f"event. {MARK}",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            "events": {
                "address": "events/v1",
                "title": "Event lines",
                "description": "Lines that programs log, as the log transport ships them to "
                "date=/hour=/*.ndjson.gz below the address.",
                "messages": {
                    event.name: {"$ref": f"#/components/messages/{event.name}"}
                    for event in registry.events
                },
            }
        },
        "operations": {
            "logEvent": {
                "action": "send",
                "channel": {"$ref": "#/channels/events"},
                "summary": "A program logs what happened.",
            }
        },
        "components": {"messages": {event.name: message(event) for event in registry.events}},
    }


def message(event: Event) -> dict[str, Any]:
    correlation = {
        "description": "The delivery the event belongs to, where it names one.",
        "location": "$message.payload#/delivery_id",
    }
    return {
        "name": event.name,
        "title": event.class_name,
        "summary": event.brief,
        "tags": [{"name": event.stream}],
        **({"correlationId": correlation} if "delivery_id" in event.ids else {}),
        "payload": {"$ref": f"./{event.name}.json"},
        "x-owner": event.owner,
        "x-version": event.version,
        "x-stability": event.stability,
    }

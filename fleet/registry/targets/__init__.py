"""What is generated from the registry: a module per target, and one line here for each."""

from __future__ import annotations

from fleet.registry.targets import (
    asyncapi,
    datadog,
    dbt,
    docs,
    json_schema,
    python,
    typescript,
    vector,
)
from fleet.registry.targets.common import Target

TARGETS: tuple[Target, ...] = (
    Target(python.files),
    Target(typescript.files),
    Target(json_schema.files, owns=(json_schema.OWNED,)),
    Target(asyncapi.files),
    Target(docs.files),
    Target(dbt.files, owns=(f"{dbt.STAGING}/stg_event_log__*_events.sql",)),
    Target(vector.files),
    Target(datadog.files, owns=datadog.OWNED),
)

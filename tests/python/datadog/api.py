"""Whether Datadog's own API client knows every key and value of a request.

The client is lenient where its API is not: it takes unknown keys, and marks an unknown value
instead of refusing it. So what it made of a request is walked beside the request.
"""

from collections.abc import Iterator
from typing import Any

from datadog_api_client import Configuration
from datadog_api_client.exceptions import ApiTypeError, ApiValueError
from datadog_api_client.model_utils import (
    ModelComposed,
    ModelNormal,
    ModelSimple,
    validate_and_convert_types,
)

# Neither has type annotations.
_read: Any = validate_and_convert_types
_configure: Any = Configuration


def api_problems(request: dict[str, Any], model: type[ModelNormal]) -> list[str]:
    """What of the request the model does not know, each with where it is."""
    try:
        made = _read(request, (model,), ["request"], True, True, _configure())
    except (ApiTypeError, ApiValueError, TypeError) as error:
        return [f"request: {error}"]
    return list(_walk(made, request, "request"))


def _walk(made: Any, raw: Any, path: str) -> Iterator[str]:
    if isinstance(made, list) and isinstance(raw, list):
        for number, (item, raw_item) in enumerate(zip(made, raw, strict=True)):
            yield from _walk(item, raw_item, f"{path}[{number}]")
        return
    if getattr(made, "_unparsed", False):
        yield f"{path}: a value that the API does not know"
    if isinstance(made, ModelComposed):
        for instance in made._composed_instances:
            yield from _walk(instance, raw, path)
    elif isinstance(made, ModelNormal) and not isinstance(made, ModelSimple):
        names = {key: name for name, key in made.attribute_map.items()}
        for key, value in raw.items():
            if key not in names:
                yield f"{path}: unknown key {key}"
            elif names[key] in made._data_store:
                yield from _walk(made._data_store[names[key]], value, f"{path}.{key}")

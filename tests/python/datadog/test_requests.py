"""Every request fits the models of Datadog's API client, key by key."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from datadog_api_client.model_utils import ModelNormal
from datadog_api_client.v1.model.dashboard import Dashboard
from datadog_api_client.v1.model.monitor import Monitor
from datadog_api_client.v2.model.logs_metric_create_request import LogsMetricCreateRequest

from tests.python.datadog.api import api_problems
from tests.python.datadog.conftest import requests_in

MODELS = {"monitors": Monitor, "metrics": LogsMetricCreateRequest, "dashboards": Dashboard}
REQUESTS = [
    pytest.param(folder, name, id=f"{folder}/{name}")
    for folder in MODELS
    for name in sorted(requests_in(folder))
]


@pytest.mark.parametrize(("folder", "name"), REQUESTS)
def test_a_request_fits_the_models_of_the_api(folder: str, name: str) -> None:
    assert not api_problems(requests_in(folder)[name], MODELS[folder])


def _set(*path: str | int, to: Any) -> Callable[[Any], None]:
    def change(request: Any) -> None:
        for key in path[:-1]:
            request = request[key]
        request[path[-1]] = to

    return change


def _without(key: str) -> Callable[[Any], None]:
    return lambda request: request.pop(key)


GRAPH = ("widgets", 0, "definition", "widgets", 3, "definition")
BREAKAGES: dict[str, tuple[str, str, Callable[[Any], None]]] = {
    "no query": ("monitors", "failed_delivery_ratio", _without("query")),
    "unknown type": ("monitors", "failed_delivery_ratio", _set("type", to="logs alert")),
    "unknown key": ("monitors", "failed_delivery_ratio", _set("severity", to=1)),
    "unknown option": ("monitors", "failed_delivery_ratio", _set("options", "wait", to=1)),
    "text for a number": (
        "monitors",
        "failed_delivery_ratio",
        _set("options", "thresholds", "critical", to="many"),
    ),
    "word for a priority": ("monitors", "failed_delivery_ratio", _set("priority", to="high")),
    "unknown aggregation of a count": (
        "monitors",
        "failed_delivery_ratio",
        _set("options", "variables", 0, "compute", "aggregation", to="uniques"),
    ),
    "unknown key of a count": (
        "monitors",
        "failed_delivery_ratio",
        _set("options", "variables", 1, "filter", to="x"),
    ),
    "unknown key of a metric": (
        "metrics",
        "takeovers",
        _set("data", "attributes", "filter", "search", to="x"),
    ),
    "unknown kind of metric": (
        "metrics",
        "takeovers",
        _set("data", "attributes", "compute", "aggregation_type", to="counts"),
    ),
    "unknown kind of graph": ("dashboards", "delivery_sessions", _set(*GRAPH, "type", to="line")),
    "unknown key of a graph": ("dashboards", "delivery_sessions", _set(*GRAPH, "unit", to="h")),
    "unknown source of a graph": (
        "dashboards",
        "delivery_sessions",
        _set(*GRAPH, "requests", 0, "queries", 0, "data_source", to="log"),
    ),
}


@pytest.mark.parametrize(("folder", "name", "breakage"), BREAKAGES.values(), ids=BREAKAGES)
def test_what_the_api_would_refuse_is_found(
    folder: str, name: str, breakage: Callable[[Any], None]
) -> None:
    request = copy.deepcopy(requests_in(folder)[name])
    model: type[ModelNormal] = MODELS[folder]
    assert not api_problems(request, model)
    breakage(request)
    assert api_problems(request, model)

"""Small mappings for the tests, and what a line becomes by them."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from fleet.mapping.importer import Counts, Importer, import_log
from fleet.mapping.loader import Mapping, load_mapping
from fleet.mapping.sources import find_logs
from fleet.registry import Registry, load_registry
from tests.python.conftest import ROOT

PICKUP = {
    "name": "pickup",
    "when": {"msg": "pickup"},
    "event": "delivery.pickup_completed",
    "fields": {"wait_s": "wait"},
}
IDS = {"delivery_id": "d", "order_id": "o", "robot_id": "r", "merchant_id": "m"}
LINE = {"t": "2026-11-02T20:00:00Z", "msg": "pickup", "d": "1", "o": 2, "r": "R-3", "m": "4"}


@pytest.fixture(scope="session")
def registry() -> Registry:
    return load_registry(ROOT)


@pytest.fixture
def mapping_of(tmp_path: Path, registry: Registry) -> Callable[..., Mapping]:
    """Load a mapping with one rule, changed by what is given."""

    def load(rules: list[dict[str, Any]] | None = None, **keys: Any) -> Mapping:
        content = {
            "brief": "Test.",
            "line": {"occurred_at": "t"},
            "ids": IDS,
            "rules": rules or [PICKUP],
        } | keys
        path = tmp_path / "test_logs.yml"
        path.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
        return load_mapping(path, registry)

    return load


@pytest.fixture
def import_lines(tmp_path: Path, registry: Registry) -> Callable[..., Counts]:
    """Import lines by a mapping; they land in `tmp_path / landing`."""

    def run(mapping: Mapping, lines: list[str | dict[str, Any]], name: str = "a.log") -> Counts:
        logs = tmp_path / "logs"
        logs.mkdir(exist_ok=True)
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        (logs / name).write_text("".join(f"{text}\n" for text in texts), "utf-8")
        importer = Importer(mapping, registry, ROOT)
        counts = Counts()
        for log in find_logs([str(logs)]):
            counts.include(import_log(importer, log, str(tmp_path / "landing")))
        return counts

    return run


def import_killed(mapping: Mapping, logs: Path, landing: Path, at: int = 2) -> None:
    """Import in a process that is killed when the file of that number is about to appear."""
    process = multiprocessing.get_context("spawn").Process(
        target=_import_and_die, args=(mapping, str(logs), str(landing), at)
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL, "the moment to kill it did not come"


def _import_and_die(mapping: Mapping, logs: str, landing: str, at: int) -> None:
    seen = 0
    replace = Path.replace

    def dying(self: Path, target: Path) -> Path:
        nonlocal seen
        seen += 1
        if seen == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return replace(self, target)

    Path.replace = dying  # type: ignore[method-assign,assignment]
    importer = Importer(mapping, load_registry(ROOT), ROOT)
    for log in find_logs([logs]):
        import_log(importer, log, landing)

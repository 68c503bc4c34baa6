"""Lines that `fleet import` takes per second of one processor, of ordinary JSON logs of services.

Run `python -m benchmarks.import_rate`. The lines are those of examples/service_logs with other ids,
over and over: first with every line an event, then as a log is, with nine of ten lines that fit no
rule. Beside it stands how long the mapping's program alone takes, of which half is to read and to
write JSON.
"""

from __future__ import annotations

import json
import re
import tempfile
import time
from pathlib import Path

import click

from fleet.mapping.engine import AT_ONCE, Engine
from fleet.mapping.importer import Importer, import_log
from fleet.mapping.loader import load_mapping
from fleet.mapping.sources import find_logs
from fleet.registry import load_registry

ROOT = Path(__file__).parents[1]
NAME = "service_logs"
ROUNDS = 3


def events(count: int) -> list[str]:
    """So many lines that each give an event."""
    text = (ROOT / f"examples/{NAME}/log/service.log").read_text("utf-8")
    lines = [line for line in text.splitlines() if '"info"' in line]
    numbers = re.compile(r'(?<="deliveryId":)\d+|(?<=took delivery )\d+|(?<="orderId":)\d+')
    return [numbers.sub(str(n), lines[n % len(lines)]) for n in range(count)]


def logs(count: int) -> list[str]:
    """So many lines of which one in ten is an event."""
    chatter = {"timestamp": "2025-10-14 10:00:00.500", "level": "info", "service": "ordering"}
    return [
        line if n % 10 == 0 else json.dumps(chatter | {"msg": "GET /v1/orders/881 200", "ms": n})
        for n, line in enumerate(events(count))
    ]


@click.command(help=__doc__)
@click.option("--lines", default=200_000, show_default=True, type=click.IntRange(1000))
def main(lines: int) -> None:
    registry = load_registry(ROOT)
    mapping = load_mapping(ROOT / f"mappings/{NAME}.yml", registry)
    importer, engine = Importer(mapping, registry, ROOT), Engine(mapping, registry)
    figures: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind, texts in (("events", events(lines)), ("logs", logs(lines))):
            path = Path(folder, f"{kind}.log")
            path.write_text("\n".join(texts), "utf-8")
            (log,) = find_logs([str(path)])
            whole, program = [], []
            for number in range(ROUNDS):
                begun = time.process_time()
                counts = import_log(importer, log, f"{folder}/{kind}-{number}")
                whole.append(time.process_time() - begun)
                assert counts.lines == counts.accounted == lines
                assert not counts.refused
                begun = time.process_time()
                for start in range(0, lines, AT_ONCE):
                    engine.run(texts[start : start + AT_ONCE], "log", "boot")
                program.append(time.process_time() - begun)
            figures[f"{kind}_per_processor_second"] = round(lines / min(whole))
            figures[f"{kind}_of_the_program_alone"] = round(lines / min(program))
            figures[f"{kind}_bytes_per_line"] = path.stat().st_size // lines
    print(json.dumps(figures))


if __name__ == "__main__":
    main()

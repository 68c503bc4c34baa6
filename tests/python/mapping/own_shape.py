"""Logs of a fleet that knows nothing of the registry: names, words, units and ids of its own."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

START_MS = 1_759_300_000_000
BOTS = 6
JOBS = 12
MODES = ("IDLE", "EN_ROUTE_SHOP", "AT_SHOP", "EN_ROUTE_DOOR", "AT_DOOR", "HEADING_HOME")


def write_logs(folder: Path) -> int:
    """Write a log for each service: epoch milliseconds, nested fields, ids in messages, noise.

    Returns the number of lines.
    """
    world = _World(random.Random(3))
    for bot in range(BOTS):
        world.drive(bot)
    world.make_noise()
    folder.mkdir()
    count = 0
    for service, rows in world.rows.items():
        texts = [json.dumps(said) for said in sorted(rows, key=lambda said: int(said["ts"]))]
        if service == "fleet-brain":
            texts[5:5] = [
                "Traceback (most recent call last):",
                '  File "plan.py", line 7, in plan',
                "KeyError: 'edge-7'",
            ]
        (folder / f"{service}.ndjson").write_text("\n".join(texts) + "\n", "utf-8")
        count += len(texts)
    return count


class _World:
    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.rows: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("botd", "fleet-brain", "shopfront")
        }
        self.job = 5500

    def _say(self, service: str, at: int, level: str = "INFO", **said: Any) -> None:
        self.rows[service].append({"ts": at, "lvl": level, "svc": service, **said})

    def _bot(self, at: int, bot: int, text: str, **ctx: Any) -> None:
        device = {"id": f"bot-{bot}", "sw": f"7.1.{bot % 3}"}
        self._say("botd", at, dev=device, text=text, ctx=ctx)

    def _brain(self, at: int, text: str, level: str = "INFO", **ctx: Any) -> None:
        node = f"brain-{self.chance.randint(1, 2)}"
        self._say("fleet-brain", at, level, inst=node, text=text, ctx=ctx)

    def _shop(self, at: int, **event: Any) -> None:
        self._say("shopfront", at, event=event)

    def drive(self, bot: int) -> None:
        """A robot's day: each job with its order, states, trouble and end."""
        chance = self.chance
        at = START_MS + chance.randint(0, 600_000)
        mode = MODES[0]

        def to(new: str, at: int) -> None:
            nonlocal mode
            self._bot(at, bot, "mode change", mode={"old": mode, "new": new})
            mode = new

        for _ in range(JOBS):
            self.job += 1
            job, order, shop = f"J-{self.job}", 90_000 + self.job, f"S{chance.randint(1, 9):02}"
            self._shop(
                at, type="ORDER_PLACED", order=order, shop=shop, lines=chance.randint(1, 5),
                total=f"{chance.uniform(8, 60):.2f}", channel=chance.choice(["IOS", "WEB"]),
            )  # fmt: skip
            self._shop(at + 900, type="SHOP_ACCEPTED", order=order, shop=shop, prepMin=9)
            at += chance.randint(20_000, 90_000)
            self._brain(at, f"Assigned bot-{bot} to job {job}", order=order, shop={"code": shop})
            to("EN_ROUTE_SHOP", at + 200)
            at += chance.randint(120_000, 600_000)
            to("AT_SHOP", at)
            waited = chance.randint(60, 400)
            at += 1000 * waited
            self._brain(
                at, f"Job {job} loaded at shop {shop} after {waited} s", bot=f"bot-{bot}",
                order=order,
            )  # fmt: skip
            to("EN_ROUTE_DOOR", at + 100)
            at += chance.randint(200_000, 900_000)
            if self.job % 4 == 0:
                part = chance.choice(["WHEEL_FL", "LIDAR", "LID_LOCK", "MODEM"])
                level = chance.choice(["LOW", "HIGH"])
                self._bot(at, bot, f"fault E{self.job % 7 + 1100} in {part} severity={level}")
                to("BROKEN", at + 50)
                self._bot(at + 60_000, bot, "teleop session opened", operator="op-3", why="STUCK")
                at += 300_000
                why = chance.choice(["ROBOT_DOWN", "CUSTOMER_NOT_FOUND", "LID_STUCK"])
                self._brain(at, f"Job {job} aborted: {why}", "WARN", bot=f"bot-{bot}", order=order)
            else:
                to("AT_DOOR", at)
                at += chance.randint(20_000, 200_000)
                self._brain(
                    at, f"Job {job} delivered to customer", bot=f"bot-{bot}", order=order,
                    stats={"assists": chance.randint(0, 2), "km": 1.3},
                )  # fmt: skip
                to("HEADING_HOME", at + 100)
                at += chance.randint(60_000, 300_000)
            to("IDLE", at)
            place = {"lat": 34 + chance.random() / 100, "lon": -118 - chance.random() / 100}
            self._bot(at, bot, "alive", mode=mode, battery=chance.random(), pos=place)
            self._bot(at, bot, "cargo temperature", celsius=chance.uniform(2, 9), box="COLD")

    def make_noise(self) -> None:
        for number in range(300):
            chance = self.chance
            text = chance.choice(
                [f"GET /healthz 200 in {number} ms", f"route planned: {number} nodes"]
            )
            self._brain(START_MS + number * 9000, text, "DEBUG")

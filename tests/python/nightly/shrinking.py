"""Finds the smallest world that shows a difference.

Hypothesis would try one smaller fleet after the other, at many seconds each. Worlds do not
touch each other, so one run tries all smaller versions of a world side by side.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from tests.python.nightly.differences import Difference
from tests.python.nightly.nights import Fleet
from tests.python.nightly.worlds import World, label, places

MAX_ROUNDS = 12

T = TypeVar("T")
Check = Callable[[Fleet], list[Difference]]


def shrink(check: Check, fleet: Fleet, found: list[Difference]) -> tuple[Fleet, list[Difference]]:
    """The smallest fleet that still differs, with its differences.

    Where the rows do not tell whose they are, or no world differs without its neighbours, it is
    the fleet as given.
    """
    smallest: World | None = None
    candidates = [replace(world, beside=False) for _, world in concerned(fleet, found)]
    for _ in range(MAX_ROUNDS):
        tried = replace(fleet, worlds=tuple(candidates))
        differing = [world for _, world in concerned(tried, check(tried))] if candidates else []
        if not differing:
            break
        smallest = min(differing, key=size)
        candidates = list(smaller(smallest))
    if smallest:
        alone = replace(fleet, worlds=(smallest,))
        if shown := check(alone):
            return alone, shown
    return fleet, found


def concerned(fleet: Fleet, found: Sequence[Difference]) -> list[tuple[int, World]]:
    """Worlds whose names are in the differing rows, with their numbers."""
    text = " ".join(
        str(value)
        for difference in found
        for row in (*difference.missing, *difference.extra)
        for value in row.values()
    )
    return [
        (number, world)
        for number, (world, place) in enumerate(
            zip(fleet.worlds, places(fleet.worlds), strict=True)
        )
        if label(world, number) in text
        or any(f"{kind}-{place}-" in text for kind in ("market", "hw", "sw"))
    ]


def size(world: World) -> int:
    return sum(len(story.events()) for story in world.stories) + len(world.fates)


def smaller(world: World) -> Iterator[World]:
    """The world without a half or one of its stories, or without a half or one of its fates."""
    for stories in parts(world.stories):
        if stories:
            yield replace(world, stories=stories)
    for fates in parts(world.fates):
        yield replace(world, fates=fates)


def parts(whole: tuple[T, ...]) -> Iterator[tuple[T, ...]]:
    half = len(whole) // 2
    if half > 1:
        yield whole[:half]
        yield whole[half:]
    for number in range(len(whole)):
        yield whole[:number] + whole[number + 1 :]

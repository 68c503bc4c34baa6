"""Calls a function in a process of its own, and says how much memory that took at its peak."""

from __future__ import annotations

import multiprocessing
import resource
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

# Linux gives kilobytes, macOS bytes.
PEAK_UNIT = 1 if sys.platform == "darwin" else 1024


def in_own_process(
    function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs
) -> tuple[R, float]:
    """Call a function in a new process; gives its result and the peak resident MB of the process.

    What the function raises is raised here.
    """
    # Forked by a small process: one that this process starts counts this one's peak as its own.
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        result = pool.submit(function, *args, **kwargs).result()
        return result, pool.submit(peak_mb).result()


def peak_mb() -> float:
    """The most memory that this process has held so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * PEAK_UNIT / 1e6

"""Both loggers under what befalls a program: what is written and what is lost must add up.

Run `python -m benchmarks.logger_soak`: a million events by each logger, from eight processes, into
a pipe whose reader is slow, a file that may not grow, a disk that is full and then is not, a device
that is always full, and a pipe whose reader goes away; meanwhile signal handlers log and raise.
It ends with an error unless in each case

- written + `lost` = called, for each process,
- each line is whole, and no emitter has a number twice or out of order.

The TypeScript client must be built (`make typescript`). The disk is a tmpfs, which only root can
make; elsewhere that case is left out.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import msgspec
from fleet_events import EventLogger, Events

PROJECT = Path(__file__).parents[1]
EVENTS = 1_000_000
PROCESSES = 8
SHORT: dict[str, object] = {
    "delivery_id": "D-99",
    "robot_id": "R-42",
    "order_id": "O-12",
    "merchant_id": "M-7",
    "wait_s": 84.2,
}
SIGNAL_SECONDS = 0.001
# A line longer than a pipe takes in one piece.
LONG: dict[str, object] = {
    "rejected_name": "x",
    "reasons": ["y" * 256] * 20,
    "sample_hash": "0",
}
CLIENTS = {
    "python": [sys.executable, "-m", "benchmarks.logger_soak", "--work"],
    "typescript": ["node", str(PROJECT / "benchmarks/logger_soak.mjs")],
}


class Work(NamedTuple):
    """What each of the processes of a case is told to do.

    Attributes:
        events: how many of them each process logs.
        processes: how many there are, forked from one.
        results: folder for what each says at its end.
        has_long: whether some lines are longer than PIPE_BUF.
        waits: whether to wait in the middle until `results` has a file `go`.
    """

    events: int
    processes: int
    results: str
    has_long: bool = True
    waits: bool = False


class Tally(NamedTuple):
    """What one case came to, over all its processes."""

    called: int
    written: int
    lost: int


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--events", type=int, default=EVENTS, help="of each logger")
    parser.add_argument("--processes", type=int, default=PROCESSES)
    parser.add_argument("--client", choices=[*CLIENTS], action="append")
    parser.add_argument("--work", type=json.loads, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        work(Work(**arguments.work))
        return
    for client in arguments.client or CLIENTS:
        for name, tally in soak(client, arguments.events, arguments.processes):
            if tally is None:
                print(f"{client:11}{name:14}left out: only root can make a disk")
                continue
            print(
                f"{client:11}{name:14}{tally.called:10,} called ={tally.written:10,} written +"
                f"{tally.lost:10,} lost",
                flush=True,
            )


def soak(client: str, events: int, processes: int) -> Iterator[tuple[str, Tally | None]]:
    """Run each case with its share of the events.

    Raises:
        AssertionError: a line is torn, a number is there twice, or one is missing unheard.
    """
    each = max(4, events // len(CASES) // processes)
    for name, case in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            yield name, case(client, Work(each, processes, folder))


def slow_reader(client: str, job: Work) -> Tally:
    """A pipe that is full most of the time; whoever logs waits."""
    # Node.js has no locks: there only lines of at most PIPE_BUF bytes may share a pipe.
    job = job._replace(has_long=client == "python")
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as pipe, started(client, job, writer) as program:
        os.close(writer)
        written = bytearray()
        while chunk := pipe.read1(20_000):
            written += chunk
            time.sleep(0.0002)
        ended(program, job)
    return checked(bytes(written).splitlines(keepends=True), job)


def no_room(client: str, job: Work) -> Tally:
    """A file that may grow to a part of what is written to it."""
    path = Path(job.results) / "lines"
    most = job.events * job.processes * 250

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    with appended(path) as file, started(client, job, file, limit) as program:
        ended(program, job)
    tally = checked(path.read_bytes().splitlines(keepends=True), job)
    assert tally.lost > 0, "the file had room"
    return tally


def full_disk(client: str, job: Work) -> Tally | None:
    """A disk that is full, and after a while is not."""
    disk = Path(job.results) / "disk"
    disk.mkdir()
    size = job.events * job.processes * 250
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={2 * size + 2**20}", "tmpfs", str(disk)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        return None
    try:
        other = disk / "other"
        with other.open("wb") as file:
            file.write(b"\0" * (size + 2**20))
        path = disk / "lines"
        room = job.events * job.processes * 1000
        with appended(path) as out, started(client, job._replace(waits=True), out) as program:
            halfway(job)
            other.unlink()
            subprocess.run(
                ["mount", "-o", f"remount,size={2 * size + room + 2**20}", str(disk)], check=True
            )
            (Path(job.results) / "go").touch()
            ended(program, job)
        return checked(path.read_bytes().splitlines(keepends=True), job)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def always_full(client: str, job: Work) -> Tally:
    """A device without any room: everything is lost, and said to be."""
    with Path("/dev/full").open("wb") as device, started(client, job, device) as program:
        ended(program, job)
    tally = checked([], job)
    assert tally.lost == tally.called
    return tally


def broken_pipe(client: str, job: Work) -> Tally:
    """A pipe whose reader goes away in the middle: all after that is lost, nothing before."""
    job = job._replace(has_long=client == "python", waits=True)
    reader, writer = os.pipe()
    written = bytearray()
    with started(client, job, writer) as program:
        os.close(writer)
        reading = threading.Thread(target=lambda: written.extend(drained(reader, job)))
        reading.start()
        halfway(job)
        reading.join()
        os.close(reader)
        (Path(job.results) / "go").touch()
        ended(program, job)
    tally = checked(bytes(written).splitlines(keepends=True), job)
    assert tally.lost > 0, "the pipe had a reader to the end"
    return tally


CASES: dict[str, Callable[[str, Work], Tally | None]] = {
    "slow reader": slow_reader,
    "no room": no_room,
    "full disk": full_disk,
    "always full": always_full,
    "broken pipe": broken_pipe,
}


def started(
    client: str, job: Work, out: Any, before: Callable[[], None] | None = None
) -> subprocess.Popen[bytes]:
    """The program whose forked processes log."""
    return subprocess.Popen(
        [*CLIENTS[client], json.dumps(job._asdict())],
        stdout=out,
        stderr=subprocess.DEVNULL,
        cwd=PROJECT,
        # As in most containers.
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        preexec_fn=before,
    )


def ended(program: subprocess.Popen[bytes], job: Work) -> None:
    code = program.wait()
    errors = [path.read_text() for path in Path(job.results).glob("error-*")]
    assert code == 0, f"the program that logs ended with {code}: {errors}"


def appended(path: Path) -> Any:
    return path.open("ab", buffering=0)


def halfway(job: Work) -> None:
    """Wait until all processes wait."""
    while len([*Path(job.results).glob("half-*")]) < job.processes:
        time.sleep(0.01)


def drained(reader: int, job: Work) -> bytes:
    """What comes through the pipe until all processes wait and it is empty."""
    found = bytearray()
    while True:
        is_halfway = len([*Path(job.results).glob("half-*")]) == job.processes
        waiting = struct.unpack("i", fcntl.ioctl(reader, termios.FIONREAD, b"\0" * 4))[0]
        if waiting:
            found += os.read(reader, waiting)
        elif is_halfway:
            return bytes(found)
        else:
            time.sleep(0.001)


def checked(lines: Iterable[bytes], job: Work) -> Tally:
    """The sum over the processes, each of which must add up.

    Raises:
        AssertionError: it does not.
    """
    last: dict[str, int] = {}
    written: dict[str, int] = defaultdict(int)
    for text in lines:
        try:
            line = msgspec.json.decode(text)
        except msgspec.DecodeError:
            raise AssertionError(f"a torn line: {text[:200]!r} … {text[-200:]!r}") from None
        assert text.endswith(b"}\n"), f"a torn line: {text[-200:]!r}"
        emitter, seq = line["emitter_id"], line["seq"]
        before = last.get(emitter, 0)
        assert seq > before, f"{emitter}: {seq} after {before}"
        last[emitter] = seq
        written[emitter] += 1
    said = [json.loads(path.read_text()) for path in Path(job.results).glob("end-*")]
    assert len(said) == job.processes, f"{len(said)} of {job.processes} processes came to their end"
    emitters = {one["emitter_id"] for one in said}
    assert len(emitters) == job.processes, "two processes are one emitter"
    assert written.keys() <= emitters, f"nobody is {written.keys() - emitters}"
    for one in said:
        found = written[one["emitter_id"]]
        assert found + one["lost"] == one["called"], f"{one}, and written are {found}"
    return Tally(
        sum(one["called"] for one in said),
        sum(written.values()),
        sum(one["lost"] for one in said),
    )


def work(job: Work) -> None:
    """Fork, and log in each process."""
    logger = EventLogger(service="soak", env="prod", host="here")
    children = []
    for _ in range(job.processes):
        child = os.fork()
        if child == 0:
            try:
                log(logger, job)
            except BaseException as error:
                (Path(job.results) / f"error-{os.getpid()}").write_text(repr(error))
                os._exit(1)
            os._exit(0)
        children.append(child)
    codes = [os.waitpid(child, 0)[1] for child in children]
    if any(codes):
        (Path(job.results) / "error-codes").write_text(str(codes))
    sys.exit(any(codes))


def log(logger: EventLogger, job: Work) -> None:
    """Log in the main thread, in another, and in a signal handler that at times raises."""
    called = {"main": 0, "thread": 0, "handler": 0}
    handled = {"calls": 0}

    def one(who: str) -> None:
        called[who] += 1
        n = called[who]
        if job.has_long and n % 16 == 0:
            logger.event(Events.TELEMETRY_EVENT_REJECTED, LONG)
        else:
            logger.event(Events.DELIVERY_PICKUP_COMPLETED, SHORT)

    def handle(number: int, frame: FrameType | None) -> None:
        # Another signal may come while this one is handled, and so on without end.
        if called["handler"] - handled["calls"] > 2:
            return
        with suppress(TimeoutError):
            one("handler")
        handled["calls"] += 1
        # Not before `event` has begun, which would be no call.
        is_within = (
            frame
            and frame.f_globals["__name__"].startswith("fleet_events.")
            and frame.f_code.co_name != "event"
        )
        if called["handler"] % 3 == 0 and is_within:
            raise TimeoutError("the request took too long")

    def meanwhile() -> None:
        for _ in range(job.events // 4):
            one("thread")

    thread = threading.Thread(target=meanwhile)
    thread.start()
    signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, SIGNAL_SECONDS, SIGNAL_SECONDS)
    for n in range(job.events - job.events // 4):
        if job.waits and n == job.events // 4:
            signal.setitimer(signal.ITIMER_REAL, 0)
            thread.join()
            (Path(job.results) / f"half-{os.getpid()}").touch()
            while not (Path(job.results) / "go").exists():
                time.sleep(0.01)
            signal.setitimer(signal.ITIMER_REAL, SIGNAL_SECONDS, SIGNAL_SECONDS)
        try:
            one("main")
        except TimeoutError:
            continue
    signal.setitimer(signal.ITIMER_REAL, 0)
    thread.join()
    said = {
        "emitter_id": logger.emitter_id,
        "called": sum(called.values()),
        "lost": logger.lost,
    }
    (Path(job.results) / f"end-{os.getpid()}").write_text(json.dumps(said))


if __name__ == "__main__":
    main()

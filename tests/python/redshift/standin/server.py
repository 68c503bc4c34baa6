"""The proxy: Redshift to a client that speaks PostgreSQL's protocol, PostgreSQL behind it.

Speaks what the real driver, redshift_connector, speaks: no TLS, the extended protocol. Each
statement is translated on its way in; on the way back SUPER columns get SUPER's type and the
version reads 8.0.2, the one that Redshift says it is.
"""

import asyncio
import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from tests.python.redshift.standin.copying import copy_as_insert
from tests.python.redshift.standin.definitions import quoted
from tests.python.redshift.standin.grammar import RefusedError
from tests.python.redshift.standin.stars import ColumnsWanted, Stars
from tests.python.redshift.standin.translate import stripped, translate

SSL_REQUEST, CANCEL_REQUEST, PROTOCOL = 80877103, 80877102, 196608
JSONB_OID, SUPER_OID = 3802, 4000
IDLE = b"I"
# Of the driver's start-up parameters; PostgreSQL refuses any it does not know.
KNOWN_PARAMETERS = {b"user", b"database", b"application_name"}
QUERY_GROUP = re.compile(r"set\s+query_group\s+to\s+'([^']*)'", re.IGNORECASE)
NULL_VALUE = re.compile(rb'Mnull value in column "(\w+)" of relation "[^"]+" [^\0]+\0')
LOST = (asyncio.IncompleteReadError, ConnectionError)


class Session:
    """One connection of a client, and the one to PostgreSQL that belongs to it."""

    def __init__(
        self, postgres_port: int, s3: Path | None, log: IO[str] | None, late_views: "LateViews"
    ) -> None:
        self._port = postgres_port
        self._late_views = late_views
        self._answer: Answer | None = None
        self._s3 = s3
        self._log = log
        self._status = IDLE
        self._query_group = ""

    async def run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve the client until it leaves."""
        try:
            startup = await self._startup(reader, writer)
            if startup is None:
                return
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._port)
            server_writer.write(startup)
            back = asyncio.create_task(self._back(server_reader, writer))
            try:
                await self._forth(reader, server_writer)
            finally:
                server_writer.close()
                await back
        except LOST:
            pass
        finally:
            writer.close()

    async def _startup(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes | None:
        while True:
            length, code = struct.unpack("!ii", await reader.readexactly(8))
            if code == CANCEL_REQUEST:
                return None
            if code != SSL_REQUEST:
                break
            writer.write(b"N")
        words = (await reader.readexactly(length - 8)).split(b"\0")
        pairs = zip(words[::2], words[1::2], strict=False)
        kept = b"".join(b"%b\0%b\0" % pair for pair in pairs if pair[0] in KNOWN_PARAMETERS)
        return struct.pack("!ii", len(kept) + 9, PROTOCOL) + kept + b"\0"

    async def _forth(self, reader: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
        while True:
            kind, body = await _read(reader)
            if kind == b"P":  # Parse: name, statement, types of the parameters
                name, sql, types = body.split(b"\0", 2)
                body = b"\0".join((name, await self._translated(sql, server), types))
            elif kind == b"Q":
                body = await self._translated(body[:-1], server) + b"\0"
            server.write(_message(kind, body))
            await server.drain()
            if kind == b"X":
                return

    async def _back(self, server: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                kind, body = await _read(server)
                if self._answer is not None:
                    self._answer.take(kind, body)
                    continue
                if kind == b"Z":
                    self._status = body
                elif kind == b"T":
                    body = _with_super(body)
                elif kind == b"E":
                    body = NULL_VALUE.sub(rb"MCannot insert a NULL value into column \1\0", body)
                elif kind == b"S" and body.startswith(b"server_version\0"):
                    body = b"server_version\x008.0.2\0"
                writer.write(_message(kind, body))
                await writer.drain()
        except LOST:
            writer.close()
            if self._answer is not None:
                self._answer.ended.set()

    async def _translated(self, raw: bytes, server: asyncio.StreamWriter) -> bytes:
        sql = raw.decode()
        body = stripped(sql)
        try:
            done = await self._run(body, server)
        except Exception as refused:
            # An error of PostgreSQL's own keeps the protocol in step. One that is not a refusal is
            # a fault of the stand-in, and better read in a client than looked for in a log.
            raised = f"raise exception using errcode = '0A000', message = {quoted(_told(refused))};"
            done = f"do {quoted(f'begin {raised} end')}"
        if found := QUERY_GROUP.match(body):
            self._query_group = found[1]
        if self._log:
            line = {"query_group": self._query_group, "redshift": sql, "postgres": done[:10000]}
            self._log.write(json.dumps(line) + "\n")
            self._log.flush()
        return done.encode()

    async def _run(self, body: str, server: asyncio.StreamWriter) -> str:
        """What PostgreSQL is to run; raises RefusedError."""
        if body[:5].lower() == "copy ":
            return copy_as_insert(body, self._s3)
        if late := self._late_views.named_in(body):
            await self._ask(f"select redshift.fit_late_binding_views({late})", server)
        stars: Stars = ()
        while True:
            try:
                return translate(body, self._status != IDLE, stars)
            except ColumnsWanted as wanted:
                columns = await self._ask(wanted.query, server)
                stars += ((wanted.query, tuple(columns)),)

    async def _ask(self, sql: str, server: asyncio.StreamWriter) -> list[str]:
        """Run a statement of our own between the client's; the names of its columns."""
        self._answer = answer = Answer()
        server.write(_message(b"Q", sql.encode() + b"\0"))
        await server.drain()
        await answer.ended.wait()
        self._answer = None
        if answer.error:
            raise RefusedError(answer.error)
        return answer.columns


class Answer:
    """What PostgreSQL answers to a statement that the client knows nothing of."""

    def __init__(self) -> None:
        self.columns: list[str] = []
        self.error = ""
        self.ended = asyncio.Event()

    def take(self, kind: bytes, body: bytes) -> None:
        """One message of the answer."""
        if kind == b"T":
            self.columns = [name.decode() for name, _ in _fields(body)]
        elif kind == b"E":
            parts = {part[:1]: part[1:].decode() for part in body.split(b"\0") if part}
            self.error = parts[b"M"]
        elif kind == b"Z":
            self.ended.set()


class LateViews:
    """The late-binding views that any session has made, by name alone."""

    MADE = re.compile(
        r"create\s+(?:or\s+replace\s+)?view\s+(\S+).*\bwith\s+no\s+schema\s+binding\s*",
        re.IGNORECASE | re.DOTALL,
    )
    RENAMED = re.compile(r"alter\s+\w+\s+(\S+)\s+rename\s+to\s+(\S+)\s*", re.IGNORECASE)
    # Schema and name of what is read; of a name of three parts the first is the database.
    READ = re.compile(
        r'(?:\bfrom|\bjoin|,)\s+(?:"?\w+"?\.)??((?:"?\w+"?\.)?"?\w+"?)(?![\w".])', re.IGNORECASE
    )

    def __init__(self) -> None:
        self._names: set[str] = set()

    def named_in(self, body: str) -> str:
        """Those that a statement reads, as an array of PostgreSQL; empty if there is none."""
        if found := self.MADE.fullmatch(body):
            self._names.add(_last(found[1]))
            return ""
        if found := self.RENAMED.fullmatch(body):
            if _last(found[1]) in self._names:
                self._names.add(_last(found[2]))
            return ""
        if not self._names:
            return ""
        read = {name for name in self.READ.findall(body) if _last(name) in self._names}
        return f"array[{', '.join(quoted(name.lower()) for name in sorted(read))}]" if read else ""


def _last(name: str) -> str:
    return name.split(".")[-1].strip('"').lower()


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, RefusedError) else f"stand-in failed: {error!r}"


async def serve(
    port: int, postgres_port: int, s3: Path | None, log: IO[str] | None, ready: asyncio.Event
) -> None:
    """Serve Redshift on a port of 127.0.0.1 until cancelled; sets `ready` once it listens."""
    late_views = LateViews()

    async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await Session(postgres_port, s3, log, late_views).run(reader, writer)

    async with await asyncio.start_server(session, "127.0.0.1", port) as server:
        ready.set()
        await server.serve_forever()


async def _read(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    kind, length = struct.unpack("!ci", await reader.readexactly(5))
    return kind, await reader.readexactly(length - 4)


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def _fields(description: bytes) -> Iterator[tuple[bytes, list[int]]]:
    """Name of each column of a row description, and what it says of it."""
    rest = description[2:]
    while rest:
        name, rest = rest.split(b"\0", 1)
        yield name, list(struct.unpack("!ihihih", rest[:18]))
        rest = rest[18:]


def _with_super(description: bytes) -> bytes:
    """A row description whose jsonb columns are SUPER."""
    done = [description[:2]]
    for name, fields in _fields(description):
        fields[2] = SUPER_OID if fields[2] == JSONB_OID else fields[2]
        done += [name, b"\0", struct.pack("!ihihih", *fields)]
    return b"".join(done)

"""``python -m tests.python.redshift.standin``: the stand-in until standard input ends."""

import argparse
import asyncio
import json
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.python.redshift.standin.postgres import ADMIN, DATABASE, free_port, run_postgres
from tests.python.redshift.standin.server import serve


def main() -> None:
    """Start both servers, print where they are as one line of JSON, and wait."""
    parser = argparse.ArgumentParser(prog="python -m tests.python.redshift.standin")
    parser.add_argument("--s3", type=Path, help="folder that stands for S3, a bucket a folder")
    parser.add_argument("--port", type=int, help="default: one that is free")
    parser.add_argument("--log", type=Path, help="statements as they come and as they are run")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        log = stack.enter_context(arguments.log.open("w")) if arguments.log else None
        postgres = stack.enter_context(run_postgres())
        port = arguments.port or free_port()
        where = {"host": "127.0.0.1", "port": port, "user": ADMIN, "dbname": DATABASE}
        where |= {"postgres_port": postgres.port, "psql": str(postgres.psql)}

        async def until_input_ends() -> None:
            ready = asyncio.Event()
            serving = asyncio.create_task(serve(port, postgres.port, arguments.s3, log, ready))
            await ready.wait()
            print(json.dumps(where), flush=True)
            await asyncio.to_thread(sys.stdin.read)
            serving.cancel()

        asyncio.run(until_input_ends())


if __name__ == "__main__":
    main()

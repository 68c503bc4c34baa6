"""`fleet audit`: whether every file of the bucket or landing folder is in the raw tables, whole."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import click
import duckdb

from fleet.errors import FleetError
from fleet.lookup.wording import counted, plain
from fleet.project import find_project_dir
from fleet.warehouse import storage
from fleet.warehouse.erased_ids import ErasedIds
from fleet.warehouse.event_files import ENDINGS, unpacked_parts
from fleet.warehouse.storage import StoredFile
from fleet.warehouse.target import RAW, Session, literal, open_target

SHOWN = 20


class Loaded(NamedTuple):
    """A file as a load knew it; None where the engine keeps no such thing."""

    line_count: int
    byte_count: int | None = None
    modified_at: int | None = None
    etag: str | None = None

    def is_of(self, file: StoredFile) -> bool:
        """Whether a file is as it was when it was loaded, as far as both say."""
        if self.etag and file.etag:
            return self.etag.strip('" ') == file.etag.strip('" ')
        at = None
        if self.modified_at is not None and file.modified_at is not None:
            # Redshift and S3 Inventory tell whole seconds.
            at = abs(self.modified_at - file.modified_at) < 1_000_000
        return at is not False and self.byte_count in (None, file.byte_count)


@dataclass
class Audit:
    """What the comparison found; names of files, each with what is to be said of it.

    Attributes:
        listed: files in the bucket or folder.
        loaded: those of them that are loaded.
        waiting: came so recently that a load may still be on its way.
        missing: were never loaded, or failed.
        changed: are not as they were when they were loaded.
        differing: have another number of lines than was loaded of them, or than the tables hold.
        gone: were loaded and are no longer there; no fault, where old files are deleted.
        unreadable: could not be read to count their lines.
    """

    listed: int = 0
    loaded: int = 0
    waiting: list[tuple[str, str]] = field(default_factory=list)
    missing: list[tuple[str, str]] = field(default_factory=list)
    changed: list[tuple[str, str]] = field(default_factory=list)
    differing: list[tuple[str, str]] = field(default_factory=list)
    gone: list[tuple[str, str]] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        return not (self.missing or self.changed or self.differing or self.unreadable)


# ---------------------------------------------------------------- what is there


def listing_of(place: str, session: Session) -> list[StoredFile]:
    """Files that are there, by what says so.

    A folder or an s3:// URL is listed. A .csv, .csv.gz or .parquet file is an S3 Inventory: bucket,
    key, size and time of last modification, in that order where it has no header. SCHEMA.TABLE is a
    table or external table of the warehouse with the columns key, size and last_modified_date.
    Names are below the location, or keys.

    Raises FleetError.
    """
    if re.fullmatch(r"[A-Za-z_]\w*\.[A-Za-z_]\w*", place) and not Path(place).exists():
        rows = session.rows(f"select key, size, last_modified_date from {place}")
        return [_listed(*row) for row in rows]
    if re.search(r"\.(csv|csv\.gz|parquet)$", place):
        with duckdb.connect() as connection:
            reader = "read_parquet($1)" if place.endswith(".parquet") else "read_csv($1)"
            try:
                rows = connection.execute(f"select * from {reader}", [place]).fetchall()
            except duckdb.Error as error:
                said = " ".join(str(error).split())
                raise FleetError(f"{plain(place)} is no S3 Inventory ({said}).") from error
        return [_listed(*row[1:4]) for row in rows]
    try:
        return storage.open_location(place).find(ENDINGS).files
    except FileNotFoundError:
        raise FleetError(f"There is no folder {plain(place)}; name yours with --landing.") from None
    except storage.StorageError as error:
        raise FleetError(f"{plain(place)} cannot be listed ({error}).") from error


def _listed(key: str, size: int, modified: datetime | str) -> StoredFile:
    if isinstance(modified, str):
        modified = datetime.fromisoformat(modified)
    return StoredFile(key, int(size), _microseconds(modified), None, key)


def _microseconds(moment: datetime) -> int:
    at = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(at.timestamp() * 1_000_000)


# ---------------------------------------------------------------- what was loaded


def loaded_on_duckdb(session: Session) -> tuple[dict[str, list[Loaded]], dict[str, str]]:
    """Loads of each file, and why files failed."""
    loads: dict[str, list[Loaded]] = defaultdict(list)
    for name, *rest in session.rows(
        "select source_file, line_count, byte_count, epoch_us(modified_at), etag"
        f" from {RAW}.loaded_files order by loaded_at"
    ):
        loads[name].append(Loaded(*rest))
    failed = dict(session.rows(f"select source_file, reason from {RAW}.failed_files"))
    return loads, failed


def tables_that_differ(session: Session) -> list[tuple[str, str]]:
    """Files of which the tables hold another number of lines than their load counted.

    Not of loads of which `fleet retention` has taken the lines away.
    """
    horizons = session.table("runs", "horizons")
    horizon = None
    if session.exists(horizons):
        (horizon,) = session.rows(f"select max(horizon) from {horizons}")[0]
    since = f"loaded_at >= {literal(horizon)}" if horizon else "1 = 1"
    rows = session.rows(
        "select source_file, loaded_at, sum(counted), sum(held) from ("
        f"select source_file, loaded_at, line_count as counted, 0 as held from {RAW}.loaded_files"
        f" union all select source_file, loaded_at, 0, 1 from {RAW}.event_lines"
        f" union all select source_file, loaded_at, 0, 1 from {RAW}.rejected_lines"
        f") as lines where source_file is not null and {since} group by source_file, loaded_at"
        " having sum(counted) <> sum(held) order by 2, 1"
    )
    return [
        (name, f"{counted(int(told), 'line')} loaded at {at}, the tables hold {int(held):,}")
        for name, at, told, held in rows
    ]


def loaded_on_redshift(session: Session) -> tuple[dict[str, list[Loaded]], dict[str, str]]:
    """Files that COPY has loaded, by their keys, and why files failed.

    Redshift keeps its record for a week. So it is copied into event_log.copied_files first: called
    once in a week or more often, nothing is forgotten.
    """
    copied = f"{RAW}.copied_files"
    known = {query for (query,) in session.rows(f"select distinct query_id from {copied}")}
    # Fetched and written in two steps: system views do not go with every statement on tables.
    new = [
        row
        for row in session.rows(
            "select trim(detail.file_name), sum(detail.lines_scanned), detail.query_id,"
            " max(history.end_time), max(detail.file_last_modified), max(trim(detail.file_etag))"
            " from sys_load_detail as detail"
            " inner join sys_load_history as history on detail.query_id = history.query_id"
            " where history.status = 'completed'"
            " and history.table_name in ('event_lines', 'rejected_lines')"
            " group by trim(detail.file_name), detail.query_id"
        )
        if row[2] not in known
    ]
    for batch in _batches(new):
        values = ", ".join(f"({', '.join(map(session.literal, row))})" for row in batch)
        session.rows(
            f"insert into {copied}"
            f" (source_file, line_count, query_id, copied_at, modified_at, etag) values {values}"
        )
    loads: dict[str, list[Loaded]] = defaultdict(list)
    for name, lines, modified, etag in session.rows(
        f"select source_file, line_count, modified_at, etag from {copied} order by copied_at"
    ):
        at = None if modified is None else _microseconds(modified)
        loads[_key(name)].append(Loaded(int(lines), None, at, etag))
    failed = {
        _key(name): reason
        for name, reason in session.rows(
            "select trim(file_name), trim(error_message) from sys_load_error_detail"
            " order by start_time"
        )
    }
    for (name,) in session.rows(
        "select trim(file_location) || '/' || trim(file_name) from sys_copy_job_detail"
        " where left(status, 1) = 'E'"
    ):
        failed.setdefault(_key(name), "the COPY JOB failed, and tries it never again")
    return loads, failed


def lines_that_differ(session: Session) -> list[tuple[str, str]]:
    """Loads of Redshift's record whose rows are not in the table, by the hours of the loads."""
    told = session.rows(
        "select date_trunc('hour', start_time), sum(loaded_rows) from sys_load_history"
        " where status = 'completed' and table_name = 'event_lines' group by 1 order by 1"
    )
    if not told:
        return []
    held = dict(
        session.rows(
            "select date_trunc('hour', loaded_at), count(*) from event_log.event_lines"
            f" where loaded_at >= {literal(told[0][0])} group by 1"
        )
    )
    return [
        (
            f"Loads of {hour:%Y-%m-%d %H}:00",
            f"COPY loaded {int(count):,} rows, event_lines holds {int(held.get(hour, 0)):,}",
        )
        for hour, count in told
        if int(count) != int(held.get(hour, 0))
    ]


def _batches(rows: list[tuple[Any, ...]], size: int = 500) -> Iterator[list[tuple[Any, ...]]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _key(name: str) -> str:
    """A file's key: an s3:// URL without its bucket."""
    return re.sub(r"^s3://[^/]+/", "", name)


# ---------------------------------------------------------------- comparison


def compare(
    listed: Iterable[StoredFile],
    loads: dict[str, list[Loaded]],
    failed: dict[str, str],
    wait: timedelta,
    now: datetime,
) -> Audit:
    """Compare a listing with what was loaded, by name."""
    audit = Audit()
    latest = (now - wait).timestamp() * 1_000_000
    seen: set[str] = set()
    for file in listed:
        audit.listed += 1
        seen.add(file.name)
        known = loads.get(file.name)
        size = counted(file.byte_count, "byte")
        if known is None:
            is_new = file.modified_at is not None and file.modified_at > latest
            if file.name in failed:
                audit.missing.append((file.name, failed[file.name]))
            elif is_new:
                audit.waiting.append((file.name, size))
            else:
                audit.missing.append((file.name, f"never loaded, {size}"))
            continue
        audit.loaded += 1
        if not any(load.is_of(file) for load in known):
            audit.changed.append((file.name, f"{size} now; load it again under another name"))
    audit.gone += [(name, "") for name in sorted(loads.keys() - seen)]
    return audit


def count_lines(
    place: str,
    listed: Iterable[StoredFile],
    loads: dict[str, list[Loaded]],
    erased: ErasedIds,
    audit: Audit,
) -> None:
    """Read every loaded file and count its lines; those of erased ids were never loaded."""
    location = storage.open_location(place)
    for file in listed:
        if file.name not in loads:
            continue
        lines = 0
        try:
            with location.open(file) as stored:
                for text in unpacked_parts(file, stored):
                    left = erased.without(text)
                    lines += left.count(b"\n") + (not left.endswith(b"\n") and left != b"")
        except Exception as error:
            audit.unreadable.append((file.name, storage.reason(error)))
            continue
        told = loads[file.name][-1].line_count
        if lines != told:
            audit.differing.append(
                (file.name, f"has {counted(lines, 'line')}, {told:,} were loaded")
            )


def manifest(bucket: str, missing: Iterable[str]) -> str:
    """The files as COPY takes them, see pipeline/redshift/5_backfill.sql."""
    return json.dumps(
        {"entries": [{"url": f"s3://{bucket}/{key}", "mandatory": True} for key in missing]},
        indent=1,
    )


@click.command()
@click.option(
    "--landing",
    help="Folder or s3:// URL of the event files.  [default: data/landing of the project]",
)
@click.option(
    "--listing",
    help="An S3 Inventory (.csv, .csv.gz, .parquet), or a table as SCHEMA.TABLE, in place of a look"
    " at --landing, which then says below which prefix the files are.",
)
@click.option("--lines", is_flag=True, help="Read every file, and compare its lines as well.")
@click.option(
    "--wait-minutes",
    type=click.IntRange(min=0),
    default=15,
    show_default=True,
    help="A file that came so recently may still be on its way.",
)
@click.option(
    "--manifest",
    "manifest_file",
    type=click.Path(path_type=Path),
    help="Write the files that are not loaded as a manifest for COPY.",
)
@click.option("--target", help="Target of profiles.yml.  [default: DBT_TARGET]")
def audit(
    landing: str | None,
    listing: str | None,
    lines: bool,
    wait_minutes: int,
    manifest_file: Path | None,
    target: str | None,
) -> None:
    """Compare the files that are there with what was loaded; ends with 1 where they differ."""
    project_dir = find_project_dir()
    opened = open_target(project_dir, target)
    if opened.database is None and landing is None and listing is None:
        raise FleetError("Say which files there are: --landing s3://BUCKET/PREFIX or --listing.")
    if lines and listing:
        raise FleetError("--lines reads the files, so it goes with --landing alone.")
    place = listing or landing or str(project_dir / "data" / "landing")
    bucket, prefix = "BUCKET", ""
    if found := re.match(r"s3://([^/]+)/?(.*)", landing or ""):
        bucket, prefix = found[1], found[2].rstrip("/") and f"{found[2].rstrip('/')}/"
    with opened.session() as session:
        listed = listing_of(place, session)
        # The loader on DuckDB names files below the landing place, COPY and an inventory name keys.
        if listing:
            listed = [file for file in listed if file.name.startswith(prefix)]
        elif opened.database is None:
            listed = [file._replace(name=f"{prefix}{file.name}") for file in listed]
        if opened.database is not None:
            loads, failed = loaded_on_duckdb(session)
            loads = {f"{prefix if listing else ''}{name}": load for name, load in loads.items()}
            differing = tables_that_differ(session)
        else:
            loads, failed = loaded_on_redshift(session)
            differing = lines_that_differ(session)
            loads = {name: load for name, load in loads.items() if name.startswith(prefix)}
        erased = ErasedIds.of(session.rows(f"select salt, id_hash from {RAW}.erased_ids"))
    done = compare(listed, loads, failed, timedelta(minutes=wait_minutes), datetime.now(UTC))
    done.differing += differing
    if lines:
        count_lines(place, listed, loads, erased, done)
    tell(done, place)
    if manifest_file is not None:
        manifest_file.write_text(manifest(bucket, [name for name, _ in done.missing]), "utf-8")
        click.echo(f"Wrote {counted(len(done.missing), 'file')} to {plain(str(manifest_file))}.")
    if not done.is_complete:
        raise SystemExit(1)


def tell(done: Audit, place: str) -> None:
    """Print what was found; of each kind the first files by name."""
    click.echo(
        f"{plain(place)}: {counted(done.listed, 'file')}, {done.loaded:,} loaded,"
        f" {len(done.waiting):,} on their way, {len(done.missing):,} missing."
    )
    kinds = (
        ("Not loaded", done.missing),
        ("Changed since they were loaded", done.changed),
        ("Other lines than were loaded", done.differing),
        ("Could not be read", done.unreadable),
    )
    for title, files in kinds:
        if files:
            click.echo(f"{title}:")
            for name, why in files[:SHOWN]:
                click.echo(f"  {plain(name)}: {why}")
            if len(files) > SHOWN:
                click.echo(f"  and {len(files) - SHOWN:,} more")
    if done.gone:
        click.echo(f"{counted(len(done.gone), 'loaded file')} no longer there.")

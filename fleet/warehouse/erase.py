"""`fleet erase`: takes an order or a delivery out of everything that the project holds."""

from __future__ import annotations

import gzip
import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import click
import duckdb
import msgspec
import pyarrow as pa
from fleet_events.events import ID_PREFIXES

from fleet.errors import FleetError
from fleet.lookup.ids import is_id
from fleet.lookup.wording import counted, plain, shortened
from fleet.project import find_project_dir
from fleet.warehouse import storage
from fleet.warehouse.dbt_runner import DbtRunner
from fleet.warehouse.erased_ids import (
    ERASABLE,
    Change,
    ErasedIds,
    blanked,
    id_hash,
    names,
    new_salt,
    optional_ids,
    pattern,
    sql_pattern,
    without_ids,
)
from fleet.warehouse.follow import alone
from fleet.warehouse.target import LONGEST_TEXT, RAW, Session, Target, literal, open_target

ENDINGS = (".ndjson", ".ndjson.gz")
# Tables of the base layer that hold rows of a line, by event_id and copy_token.
HELD_BY_LINE = (
    "base_event_log__typed_lines",
    "base_event_log__corrected_lines",
    "base_event_log__corrected_times",
    "base_event_log__copies",
)
KEYS = (
    *("event_id", "order_id", "delivery_id", "robot_id", "pilot_id", "session_id"),
    *("error_event_id", "emitter_id", "last_emitter_id", "event_name", "line_status"),
    *("is_sign_of_life", "event_at", "received_at", "loaded_at"),
)


@dataclass
class Done:
    """What was erased.

    Attributes:
        ids: the order and the deliveries, or the delivery and its orders.
        kept: what goes with them and was not erased, because it carries others too, as sentences.
        removed, blanked: raw lines that went as a whole, and that lost the id alone.
        rejected: rejected lines that went.
        base: lines of the base layer that went or lost the id.
        figures: what can no longer be rebuilt, as sentences.
        files: lines to remove by file of the landing, each with its number and what may be left.
        unreadable: files that could not be searched, and why.
        rewritten: whether the files were written anew.
        traces: tables that still hold an id.
        too_long: lines on Redshift that are too long to be searched.
    """

    ids: set[str] = field(default_factory=set)
    kept: list[str] = field(default_factory=list)
    removed: int = 0
    blanked: int = 0
    rejected: int = 0
    base: int = 0
    figures: list[str] = field(default_factory=list)
    files: dict[str, list[Change]] = field(default_factory=dict)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    rewritten: bool = False
    traces: list[str] = field(default_factory=list)
    too_long: int = 0


def related(session: Session, wanted: str) -> Done:
    """An order with the deliveries that carry it alone, or a delivery with the orders it alone has.

    A pooled delivery, or an order that was tried again, belongs to others too, and is kept.
    """
    done = Done({wanted})
    lines = session.table("staging", "base_event_log__typed_lines")
    if not session.exists(lines):
        return done
    both = ", ".join(ERASABLE)
    pairs = f"select {both} from {lines} where quarantine_reason is null"
    if session.exists(ledger := session.table("runs", "erased_lines")):
        # Where an earlier call was stopped before its run was done.
        pairs += f" union select {both} from {ledger}"
    for column in columns_of(wanted):
        _relate(session, wanted, column, pairs, done)
    return done


def columns_of(wanted: str) -> list[str]:
    """Columns that an id may stand in, by what ids begin with; where that tells nothing, both."""
    fitting = {
        name: len(ID_PREFIXES[name])
        for name in ERASABLE
        if wanted.startswith(ID_PREFIXES[name]) and wanted[len(ID_PREFIXES[name]) :].strip()
    }
    return [name for name, length in fitting.items() if length == max(fitting.values())]


def _relate(session: Session, wanted: str, column: str, pairs: str, done: Done) -> None:
    other = next(name for name in ERASABLE if name != column)
    for (found,) in session.rows(
        f"select distinct {other} from ({pairs}) as pairs"
        f" where {column} = {session.literal(wanted)} and {other} is not null"
    ):
        others = session.rows(
            f"select distinct {column} from ({pairs}) as pairs"
            f" where {other} = {session.literal(found)} and {column} is not null"
        )
        if others == [(wanted,)]:
            done.ids.add(found)
        else:
            what = "delivery" if other == "delivery_id" else "order"
            done.kept.append(
                f"The {what} {plain(found)} belongs to {counted(len(others) - 1, 'other')} too, so"
                f" what names it alone stays; to erase it as well: fleet erase {plain(found)}"
            )


def refuse_beside_a_run(session: Session) -> None:
    """Raise FleetError while a run is going on, which would write what it read before.

    DuckDB lets one process alone write the file.
    """
    claims = session.table("runs", "open_runs")
    if not session.is_duckdb and session.exists(claims):
        opened = session.rows(f"select cast(max(opened_at) as varchar(19)) from {claims}")[0][0]
        if opened is not None:
            raise FleetError(
                f"A run that began at {opened} UTC has not ended; wait for it, or if it was killed,"
                f" delete its row from {claims}."
            )


def come_again(session: Session) -> set[str]:
    """Erased ids that lines have brought again, in the keys that are made for them."""
    erased = ErasedIds.of(session.rows(f"select salt, id_hash from {RAW}.erased_ids"))
    lines = session.table("staging", "base_event_log__typed_lines")
    read = f"select distinct {', '.join(ERASABLE)} from {lines}"
    since = f"(select coalesce(max(loaded_at), '1970-01-01') from {lines})"
    columns = ", ".join(
        f"json_extract_string(payload, '$.{name}')"
        if session.is_duckdb
        else f"payload.{name}::varchar(64)"
        for name in ERASABLE
    )
    unread = f"select distinct {columns} from {RAW}.event_lines where loaded_at > {since}"
    found = {one for row in session.rows(f"{read} union all {unread}") for one in row if one}
    return erased.among(found)


def is_named(session: Session, relation: str, ids: Iterable[str]) -> str:
    """Whether a row of a table names one of the ids in any column, as SQL."""
    found = sql_pattern(ids)
    texts = [session.text_of(*column) for column in session.text_columns(relation)]
    return " or ".join(f"coalesce({session.matches(text, found)}, false)" for text in texts)


def remember(session: Session, ids: Iterable[str]) -> None:
    """Keep a hash of each id, by which lines that come again are known."""
    table = f"{RAW}.erased_ids"
    if session.is_duckdb:
        session.rows(
            f"create table if not exists {table} (salt varchar not null, id_hash varchar not null,"
            " erased_at timestamp not null)"
        )
    known = ErasedIds.of(session.rows(f"select salt, id_hash from {table}"))
    salt = next(iter(known.hashes), None) or new_salt()
    for one in sorted(set(ids) - known.among(ids)):
        values = (salt, id_hash(salt, one), datetime.now(UTC).replace(tzinfo=None))
        session.rows(f"insert into {table} values ({', '.join(map(literal, values))})")


def erase_raw(session: Session, done: Done) -> set[str]:
    """Take the lines out of the raw tables; returns ids of those with escaped JSON."""
    found = pattern(done.ids)
    posix = sql_pattern(done.ids)
    text = session.text_of("payload", True)
    escaped = f" or strpos({text}, '\\u00') > 0" if session.is_duckdb else ""
    rows = session.rows(
        f"select loaded_at, source_file, {text} from {RAW}.event_lines"
        f" where {session.matches(text, posix)}{escaped}"
    )
    rows = [row for row in rows if names(row[2], found)]
    event_ids: set[str] = set()
    by_load: dict[datetime, list[tuple[str | None, str]]] = defaultdict(list)
    for loaded_at, source_file, line in rows:
        by_load[loaded_at].append((source_file, line))
    gone: dict[tuple[datetime, str | None], int] = defaultdict(int)
    for loaded_at, lines in by_load.items():
        texts = ", ".join(sorted({session.literal(line) for _, line in lines}))
        session.rows(
            f"delete from {RAW}.event_lines where loaded_at = {literal(loaded_at)}"
            f" and {text} in ({texts})"
        )
        for source_file, line in lines:
            left = blanked(line, found)
            if left is None:
                done.removed += 1
                gone[loaded_at, source_file] += 1
            else:
                done.blanked += 1
                written = session.literal(left)
                made = f"cast({written} as json)" if session.is_duckdb else f"json_parse({written})"
                session.rows(
                    f"insert into {RAW}.event_lines (payload, source_file, loaded_at)"
                    f" select {made}, {session.literal(source_file)}, {literal(loaded_at)}"
                )
            if not found.search(line):
                event_ids.update(_event_id(line))

    escaped = " or strpos(line, '\\u00') > 0" if session.is_duckdb else ""
    if not session.is_duckdb:
        too_long = (
            f"select count(*) from {RAW}.event_lines where json_size(payload) > {LONGEST_TEXT}"
        )
        done.too_long = int(session.rows(too_long)[0][0])
    rejected = session.rows(
        f"select loaded_at, source_file, line from {RAW}.rejected_lines"
        f" where {session.matches('line', posix)}{escaped}"
    )
    gone_rejected: dict[tuple[datetime, str | None], int] = defaultdict(int)
    for loaded_at, source_file, line in rejected:
        if names(line, found):
            gone_rejected[loaded_at, source_file] += 1
            done.rejected += 1
            session.rows(
                f"delete from {RAW}.rejected_lines where loaded_at = {literal(loaded_at)}"
                f" and line = {session.literal(line)}"
            )
    ledger = session.table("runs", "erased_lines")
    if session.exists(ledger):
        for loaded_at in {loaded_at for loaded_at, _ in gone_rejected}:
            session.rows(
                f"insert into {ledger} (line_status, loaded_at, run_number)"
                f" select 'rejected', {literal(loaded_at)}, {_this_run(session)}"
            )
    # What the loader counted in its files stays what the tables hold.
    for (loaded_at, source_file), count in [*gone.items(), *gone_rejected.items()]:
        _count_less(session, loaded_at, source_file, "line_count", count)
    for (loaded_at, source_file), count in gone_rejected.items():
        _count_less(session, loaded_at, source_file, "rejected_count", count)
    return event_ids


def _event_id(line: str) -> list[str]:
    try:
        named = msgspec.json.decode(line, type=dict[str, object]).get("event_id")
    except msgspec.DecodeError:
        return []
    return [named] if isinstance(named, str) else []


def _count_less(
    session: Session, loaded_at: datetime, source_file: str | None, column: str, count: int
) -> None:
    if source_file is not None:
        session.rows(
            f"update {RAW}.loaded_files set {column} = {column} - {count}"
            f" where loaded_at = {literal(loaded_at)}"
            f" and source_file = {session.literal(source_file)}"
        )


def _this_run(session: Session) -> str:
    """The number that the next run of dbt will have, as SQL."""
    numbers = [
        f"coalesce((select max(run_number) from {session.table('runs', name)}), 0)"
        for name in ("completed_runs", "intraday_runs")
    ]
    return f"greatest({', '.join(numbers)}) + 1"


def erase_base(session: Session, done: Done, event_ids: set[str]) -> None:
    """Take the lines out of the base layer, and leave word for the next run what to rebuild."""
    lines, typed = (
        session.table("staging", f"base_event_log__{name}") for name in ("lines", "typed_lines")
    )
    ids = ", ".join(session.literal(one) for one in sorted(done.ids))
    named = is_named(session, typed, done.ids)
    if event_ids:
        escaped = ", ".join(session.literal(one) for one in sorted(event_ids))
        named = f"{named} or event_id in ({escaped})"
    # Alone in its column: anywhere else than there, the line has to go.
    elsewhere = is_named_elsewhere(session, typed, done.ids)
    optional = optional_ids()
    may_stay = " and ".join(
        f"({column} is null or {column} not in ({ids}) or event_name in ("
        + ", ".join(literal(name) for name, kept in optional.items() if column in kept)
        + "))"
        for column in ERASABLE
    )
    session.rows(
        "create temp table erased_now as select"
        f" {', '.join(KEYS)}, source_file, copy_token, is_named,"
        " case when quarantine_reason is null and not has_derived_event_id"
        f" and not ({elsewhere}) and {may_stay} then 1 else 0 end"
        f" as is_blanked from (select *, ({named}) as is_named from {lines}) as searched"
        " where is_named"
    )
    (count,) = session.rows("select count(*) from erased_now")[0]
    done.base = int(count)
    run = _this_run(session)
    ledger = session.table("runs", "erased_lines")
    session.rows(
        f"insert into {ledger} ({', '.join(KEYS)}, run_number)"
        f" select {', '.join(KEYS)}, {run} from erased_now"
    )
    # Other copies of an event: which of them it is may have changed.
    copies = session.table("staging", "base_event_log__copies")
    session.rows(
        f"update {typed} set processed_run = {run} where event_id in ("
        "select event_id from erased_now where event_id is not null union all"
        f" select others.event_id from {copies} as others inner join {copies} as mine"
        " on others.identity_id = mine.identity_id"
        " inner join erased_now on mine.event_id = erased_now.event_id)"
    )
    for name in HELD_BY_LINE:
        session.rows(
            f"delete from {session.table('staging', name)} using erased_now"
            f" where erased_now.copy_token = {name}.copy_token and erased_now.is_blanked = 0"
        )
    blank = ", ".join(
        f"{name} = case when {name} in ({ids}) then null else {name} end" for name in ERASABLE
    )
    for name, column in ((HELD_BY_LINE[0], "processed_run"), (HELD_BY_LINE[1], "changed_run")):
        session.rows(
            f"update {session.table('staging', name)} set {blank}, {column} = {run}"
            " where copy_token in (select copy_token from erased_now where is_blanked = 1)"
        )
    emitters = session.table("staging", "base_event_log__emitters")
    session.rows(
        f"delete from {emitters} where emitter_id in ("
        "select emitter_id from erased_now union all select last_emitter_id from erased_now)"
        f" and emitter_id not in (select emitter_id from {typed} where emitter_id is not null"
        f" union all select last_emitter_id from {typed} where last_emitter_id is not null)"
    )
    horizons = session.table("runs", "horizons")
    if session.exists(horizons):
        # Their raw lines went with a trim, so that none was counted when the raw lines were erased.
        for loaded_at, source_file, count in session.rows(
            "select loaded_at, source_file, count(*) from erased_now where is_blanked = 0"
            f" and loaded_at < (select max(horizon) from {horizons})"
            " group by loaded_at, source_file"
        ):
            _count_less(session, loaded_at, source_file, "line_count", count)
    done.figures += figures(session)
    session.rows("drop table erased_now")


def is_named_elsewhere(session: Session, relation: str, ids: Iterable[str]) -> str:
    """Whether a row names one of the ids in another column than that of the id, as SQL."""
    found = sql_pattern(ids)
    texts = [
        session.text_of(*column)
        for column in session.text_columns(relation)
        if column[0] not in ERASABLE
    ]
    return " or ".join(f"coalesce({session.matches(text, found)}, false)" for text in texts)


def figures(session: Session) -> list[str]:
    """What the erased lines had a part in, and cannot be told from what is left."""
    said: list[str] = []
    days = session.rows(
        "select distinct cast(cast(event_at as date) as varchar(10)) as day from erased_now"
        " where line_status = 'accepted' and (order_id is not null or delivery_id is not null)"
        " order by day"
    )
    if days:
        said.append(
            "The session, its part in funnel, on-time, causes and release figures of "
            + ", ".join(day for (day,) in days)
        )
    (gaps,) = session.rows(
        "select count(*) from erased_now"
        " where is_blanked = 0 and emitter_id is not null and line_status <> 'quarantined'"
    )[0]
    if gaps:
        said.append(f"{counted(gaps, 'line')} that emitter_gaps counts as missing now")
    (blank,) = session.rows("select count(*) from erased_now where is_blanked = 1")[0]
    if blank:
        said.append(f"Which delivery {counted(blank, 'line')} of robots and pilots belonged to")
    return said


def traces(session: Session, ids: Iterable[str], *, remove: bool = False) -> list[str]:
    """Tables in which a row names one of the ids, with how many; `remove` takes those of runs out.

    The tables of what the last run affected name what it rebuilt, and tables of test failures what
    was wrong: neither is needed any more.
    """
    found: list[str] = []
    tables = session.rows(
        "select table_schema, table_name from information_schema.tables"
        " where table_type = 'BASE TABLE' and (table_schema = 'event_log'"
        f" or table_schema like {literal(session.target.schema + '%')}) order by 1, 2"
    )
    for schema, name in tables:
        relation = f"{schema}.{name}"
        condition = is_named(session, relation, ids)
        if not condition:
            continue
        (count,) = session.rows(f"select count(*) from {relation} where {condition}")[0]
        if not count:
            continue
        if remove and (name.startswith("int_affected_") or schema.endswith("_dbt_test__audit")):
            session.rows(f"delete from {relation} where {condition}")
        else:
            found.append(f"{relation} ({counted(count, 'row')})")
    return found


# ---------------------------------------------------------------- files


def search_files(place: str, ids: set[str], done: Done, *, rewrite: bool) -> None:
    """Find the lines of event files below a folder or an s3:// URL that name one of the ids.

    `rewrite`: write the files of a folder anew without them, each in one step and with its time as
    it was. Objects are only listed.
    """
    try:
        location = storage.open_location(place)
        listing = location.find(ENDINGS)
    except FileNotFoundError:
        raise FleetError(f"There is no folder {plain(place)}; name yours with --landing.") from None
    except storage.StorageError as error:
        raise FleetError(f"{plain(place)} cannot be listed ({error}).") from error
    for file in listing.files:
        (content,) = location.read([file])
        try:
            if isinstance(content, Exception):
                raise content
            is_gzip = file.name.endswith(".gz")
            text = gzip.decompress(content) if is_gzip else content
        except (OSError, EOFError, ValueError) as error:
            done.unreadable.append((file.name, storage.reason(error)))
            continue
        left, changes = without_ids(text, ids)
        if not changes:
            continue
        done.files[file.name] = changes
        if rewrite and "://" not in place:
            _write_anew(Path(file.path), gzip.compress(left, mtime=0) if is_gzip else left)
            done.rewritten = True


def _write_anew(path: Path, content: bytes) -> None:
    about = path.stat()
    # Beside it, and under a name that no load takes for an event file.
    copy = path.with_name(f".{path.name}.erasing")
    copy.write_bytes(content)
    shutil.copymode(path, copy)
    os.utime(copy, ns=(about.st_atime_ns, about.st_mtime_ns))
    copy.replace(path)


def know_files(session: Session, place: str, done: Done) -> None:
    """Tell the ledger of files the sizes of those that were written anew: no load reads them."""
    for file in storage.open_location(place).find(ENDINGS).files:
        if file.name in done.files and file.modified_at is not None:
            session.rows(
                f"update {RAW}.loaded_files set byte_count = {file.byte_count}"
                f" where source_file = {session.literal(file.name)}"
                f" and epoch_us(modified_at) = {file.modified_at}"
            )


# ---------------------------------------------------------------- the DuckDB file


def compact(database: Path) -> None:
    """Write a DuckDB file anew: what was deleted stays in its free pages until others need them.

    The name stays, because views name the database that they were made in.
    """
    copy = database.parent / ".erasing" / database.name
    shutil.rmtree(copy.parent, ignore_errors=True)
    copy.parent.mkdir()
    try:
        with duckdb.connect() as connection:
            connection.execute(f"attach {literal(str(database))} as old")
            connection.execute("checkpoint old")
            connection.execute(f"attach {literal(str(copy))} as new")
            connection.execute("copy from database old to new")
            connection.execute("detach new")
            connection.execute("detach old")
        copy.replace(database)
        database.with_name(f"{database.name}.wal").unlink(missing_ok=True)
    except duckdb.Error as error:
        raise FleetError(
            f"{database} could not be written anew ({' '.join(str(error).split())}), so what was"
            " deleted may be in its free pages still; run the command again."
        ) from error
    finally:
        shutil.rmtree(copy.parent, ignore_errors=True)


# ---------------------------------------------------------------- command


@dataclass
class Eraser:
    """Erases from one warehouse and the files that it was loaded from.

    Attributes:
        target: where dbt builds.
        run: one run of all models, after which no mart holds what the log does not.
        landing: folder or s3:// URL of the event files, or None.
        exports: folders to which `fleet retention` has exported raw lines.
    """

    target: Target
    run: Callable[[], None]
    landing: str | None = None
    exports: Sequence[Path] = ()

    def look(self, wanted: str) -> Done:
        """What would be erased; changes nothing."""
        with self.target.session() as session:
            done = related(session, wanted)
            done.traces = traces(session, done.ids)
        if self.landing:
            search_files(self.landing, done.ids, done, rewrite=False)
        return done

    def erase(self, wanted: str) -> Done:
        """Erase an order or a delivery; again after an error, where it stopped."""
        with self.target.session() as session:
            refuse_beside_a_run(session)
            done = related(session, wanted)
        return self._erase(done)

    def erase_again(self) -> Done:
        """Erase what has come again since: COPY asks nobody before it loads a line."""
        with self.target.session() as session:
            refuse_beside_a_run(session)
            done = Done(come_again(session))
        return self._erase(done) if done.ids else done

    def _erase(self, done: Done) -> Done:
        # Before the warehouse, which alone knows what belongs together.
        if self.landing:
            search_files(self.landing, done.ids, done, rewrite=True)
        for export in self.exports:
            erase_export(export, done)
        with self.target.session() as session:
            remember(session, done.ids)
            if session.is_duckdb and self.landing:
                know_files(session, self.landing, done)
            is_built = session.exists(session.table("staging", "base_event_log__typed_lines"))
            if is_built and not session.exists(session.table("runs", "erased_lines")):
                raise FleetError("The tables are of an earlier version; run `dbt build` first.")
            event_ids = erase_raw(session, done)
            if is_built:
                erase_base(session, done, event_ids)
        if is_built:
            self.run()
        with self.target.session() as session:
            traces(session, done.ids, remove=True)
            done.traces = traces(session, done.ids)
        if self.target.database is not None:
            with alone(self.target.database):
                compact(self.target.database)
        return done


def erase_export(folder: Path, done: Done) -> None:
    """Write the parquet files of `fleet retention` anew without the lines; see `search_files`."""
    if not folder.is_dir():
        raise FleetError(f"There is no folder {plain(str(folder))}; name yours with --export.")
    found = pattern(done.ids)
    for path in sorted(folder.rglob("*.parquet")):
        with duckdb.connect() as connection:
            rows = connection.execute(
                "select cast(payload as varchar) from read_parquet($1)", [str(path)]
            ).fetchall()
            changes = [
                Change(number, None if (left := blanked(line, found)) is None else left.encode())
                for number, (line,) in enumerate(rows, 1)
                if names(line, found)
            ]
            if not changes:
                continue
            left_of = pa.table(
                {
                    "number": pa.array([change.number for change in changes], pa.int64()),
                    "left_of": pa.array(
                        [change.left and change.left.decode() for change in changes], pa.string()
                    ),
                }
            )
            connection.register("changes", left_of)
            copy = path.with_name(f".{path.name}.erasing")
            connection.execute(
                "copy (select coalesce(cast(left_of as json), payload) as payload, source_file,"
                " loaded_at from (select *, row_number() over () as number"
                f" from read_parquet({literal(str(path))})) as lines"
                " left join changes using (number) where changes.number is null"
                f" or left_of is not null order by number) to {literal(str(copy))}"
                " (format parquet, compression zstd)"
            )
        copy.replace(path)
        done.files[str(path)] = changes


@click.command()
@click.argument("wanted", metavar="[ORDER_ID | DELIVERY_ID]", required=False)
@click.option(
    "--again",
    is_flag=True,
    help="Erase what has come again of erased ids; on Redshift, where COPY loads it, each night.",
)
@click.option("--landing", help="Folder or s3:// URL.  [default: data/landing of the project]")
@click.option("--no-landing", is_flag=True, help="Leave the event files alone.")
@click.option(
    "--export",
    "exports",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Folder to which `fleet retention` exported lines; may be given again.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be erased, and change nothing.")
@click.option("--target", help="Target of profiles.yml.  [default: DBT_TARGET]")
def erase(
    wanted: str | None,
    again: bool,
    landing: str | None,
    no_landing: bool,
    exports: tuple[Path, ...],
    dry_run: bool,
    target: str | None,
) -> None:
    """Erase an order or a delivery from the warehouse and its event files, for good.

    Lines about it go, lines about a robot lose the id. A hash of the id is kept, so that no load
    brings it back.
    """
    if (wanted is None) != again or (again and dry_run):
        raise FleetError(
            "Name the order or the delivery to erase, or erase --again what came back."
        )
    if wanted is not None and not (is_id(wanted) and wanted.isascii() and columns_of(wanted)):
        forms = " or ".join(f"{ID_PREFIXES[name]}…" for name in ERASABLE)
        raise FleetError(f"{shortened(wanted)} is no id of an order or a delivery: {forms}.")
    project_dir = find_project_dir()
    opened = open_target(project_dir, target)
    place = None if no_landing else landing or str(project_dir / "data" / "landing")
    if place and not landing and not Path(place).is_dir():
        place = None
    profiles_dir = Path(os.environ.get("DBT_PROFILES_DIR", project_dir))
    dbt = DbtRunner(project_dir, profiles_dir, opened.name)
    eraser = Eraser(opened, lambda: dbt("run"), place, exports)
    if wanted is None:
        done = eraser.erase_again()
        if not done.ids:
            click.echo("Nothing of what was erased has come again.")
            return
    else:
        done = eraser.look(wanted) if dry_run else eraser.erase(wanted)
    tell(done, place, is_dry=dry_run, is_redshift=opened.engine == "redshift")


def tell(done: Done, place: str | None, *, is_dry: bool, is_redshift: bool) -> None:
    """Print what was erased, and what is left to do."""
    ids = ", ".join(map(plain, sorted(done.ids)))
    if is_dry:
        click.echo(f"Would erase {ids}, which is in:")
        for trace in done.traces:
            click.echo(f"  {trace}")
    else:
        click.echo(
            f"Erased {ids}: {counted(done.removed, 'raw line')} removed,"
            f" {counted(done.blanked, 'raw line')} without the id now,"
            f" {counted(done.rejected, 'rejected line')} removed,"
            f" {counted(done.base, 'line')} of the base layer."
        )
    for sentence in done.kept:
        click.echo(sentence)
    if done.figures:
        click.echo("Cannot be rebuilt any more:")
        for figure in done.figures:
            click.echo(f"  {figure}")
    if done.files:
        click.echo(
            "Files written anew without these lines:"
            if done.rewritten
            else "Lines to remove from these files (in brackets: to write without the id):"
        )
        for name, changes in sorted(done.files.items()):
            removed = [str(change.number) for change in changes if change.left is None]
            blank = [f"({change.number})" for change in changes if change.left is not None]
            click.echo(f"  {plain(name)}: {', '.join(removed + blank)}")
    if done.too_long:
        click.echo(
            f"{counted(done.too_long, 'raw line')} of more than {LONGEST_TEXT:,} bytes could not be"
            " searched; look at them by order_id and delivery_id.",
            err=True,
        )
    if place is None:
        click.echo("No event files were searched; name them with --landing.")
    for name, why in done.unreadable:
        click.echo(f"Could not search {plain(name)}: {why}.", err=True)
    if is_redshift and not is_dry:
        click.echo(
            "What was deleted leaves the disks with the next VACUUM DELETE, and the system's logs"
            " of queries after some days; snapshots of before keep it until they expire."
        )
    if done.traces and not is_dry:
        raise FleetError(f"Still named in {', '.join(done.traces)}; run the command again.")

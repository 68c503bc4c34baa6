-- The raw layer. Run by an administrator, once.
--
-- event_lines      one row per line that is a JSON object, as it arrived
-- rejected_lines   one row per line that Vector kept out of the lake, with its text and the reason; COPY
--                  rejects no line: it loads a file whole or not at all
-- loaded_files     empty here: COPY keeps its own record, sys_load_history
-- failed_files     empty here: COPY keeps its own record, sys_load_error_detail
-- copied_files     one row per file and COPY: Redshift keeps its own record for a week, `fleet audit` keeps it here
-- erased_ids       one row per id that `fleet erase` has erased, as a hash
--
-- event_lines is sorted by loaded_at, because every night asks for the newest lines only. The
-- default of loaded_at fills it in: COPY writes only the payload column.

create schema if not exists event_log;

create table if not exists event_log.event_lines (
    payload super,
    source_file varchar(1024),
    loaded_at timestamp default getdate()
)
diststyle even
sortkey (loaded_at);

create table if not exists event_log.rejected_lines (
    line varchar(65535),
    reason varchar(32),
    source_file varchar(1024),
    loaded_at timestamp default getdate()
)
diststyle even
sortkey (loaded_at);

create table if not exists event_log.loaded_files (
    source_file varchar(1024),
    line_count bigint,
    rejected_count bigint,
    loaded_at timestamp default getdate(),
    byte_count bigint,
    modified_at timestamp,
    etag varchar(256)
)
diststyle all;

create table if not exists event_log.failed_files (
    source_file varchar(1024),
    reason varchar(1024),
    failed_at timestamp default getdate()
)
diststyle all;

create table if not exists event_log.erased_ids (
    salt varchar(32),
    id_hash varchar(64),
    erased_at timestamp
)
diststyle all;

create table if not exists event_log.copied_files (
    source_file varchar(1024),
    line_count bigint,
    query_id bigint,
    copied_at timestamp,
    modified_at timestamp,
    etag varchar(256)
)
diststyle all;

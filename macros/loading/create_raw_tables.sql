{#
    The raw layer on DuckDB, schema event_log (RAW is a reserved word on Redshift), as SQL that makes
    what is not there yet. On Redshift an administrator makes it, with pipeline/redshift/2_raw_tables.sql.

    event_lines      one row per line that is a JSON object, as it arrived
    rejected_lines   one row per line that is not, with its text and why: malformed, not_an_object, too_large
    loaded_files     one row per file and load, with the size, time and ETag that the file had: while
                     it has them, it is not loaded again
    failed_files     one row per file that could not be read the last time; tried again at each load
    copied_files     empty here: what COPY loaded on Redshift
    erased_ids       one row per id that `fleet erase` has erased, as a hash: lines that name it are not loaded
#}
{% macro create_raw_tables() %}
    create schema if not exists event_log;

    -- Left to choose, DuckDB takes twice as long to write the lines and thrice the room.
    create table if not exists event_log.event_lines (
        payload json using compression zstd not null,
        source_file varchar,
        loaded_at timestamp not null
    );

    create table if not exists event_log.rejected_lines (
        line varchar not null,
        reason varchar not null,
        source_file varchar,
        loaded_at timestamp not null
    );

    create table if not exists event_log.loaded_files (
        source_file varchar not null,
        line_count bigint not null,
        rejected_count bigint not null,
        loaded_at timestamp not null,
        byte_count bigint,
        modified_at timestamp,
        etag varchar
    );

    -- NULL where a version without these columns loaded the file: then it is known by the others.
    alter table event_log.loaded_files add column if not exists byte_count bigint;
    alter table event_log.loaded_files add column if not exists modified_at timestamp;
    alter table event_log.loaded_files add column if not exists etag varchar;

    create table if not exists event_log.failed_files (
        source_file varchar not null,
        reason varchar not null,
        failed_at timestamp not null
    );

    -- Filled on Redshift alone: here loaded_files says it.
    create table if not exists event_log.copied_files (
        source_file varchar,
        line_count bigint,
        query_id bigint,
        copied_at timestamp,
        modified_at timestamp,
        etag varchar
    );

    create table if not exists event_log.erased_ids (
        salt varchar not null,
        id_hash varchar not null,
        erased_at timestamp not null
    );
{% endmacro %}

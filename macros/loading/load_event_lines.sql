{#
    dbt run-operation load_event_lines

    DuckDB: loads the files below var landing_path, a folder or an s3:// URL, that were not loaded
    before.
    Redshift: backfill only. In production a COPY JOB loads new files by itself, each once; it
    leaves alone those that were there before it was made, and this loads them, from the S3 prefix
    in var landing_url (or the files that a manifest names, where it ends in .manifest) with the
    role in var iam_role. COPY keeps no ledger, so running it twice loads the same lines twice;
    staging keeps one row per event_id, so that costs space and no more.
#}
{% macro load_event_lines() %}
    {{- return(adapter.dispatch("load_event_lines", "fleet_analytics")()) -}}
{% endmacro %}

{% macro redshift__load_event_lines() %}
    {%- set vars_given = "--vars '{landing_url: s3://bucket/events/v1/, iam_role: arn:aws:iam::123456789012:role/redshift-event-reader}'" -%}
    {%- for name in ["landing_url", "iam_role"] if not var(name, none) -%}
        {{ exceptions.raise_compiler_error("load_event_lines on Redshift needs the var " ~ name ~ "; give it with " ~ vars_given ~ ".") }}
    {%- endfor -%}
    {%- set url = var("landing_url") | string -%}
    {%- if not modules.re.match("^s3://[^/]+/", url) -%}
        {{ exceptions.raise_compiler_error("The var landing_url is '" ~ url ~ "'; write it as s3://bucket/prefix/, as in " ~ vars_given ~ ".") }}
    {%- endif -%}
    {%- if not modules.re.match("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.", var("iam_role") | string) -%}
        {{ exceptions.raise_compiler_error("The var iam_role is '" ~ var("iam_role") ~ "'; write the role's ARN, as in " ~ vars_given ~ ".") }}
    {%- endif -%}

    {#-
    Where the raw layer is there, the loader's right to add lines is enough. Asked by run_query, for
    dbt's own look-up begins a transaction, which a run-operation never commits.
    -#}
    {%- if not run_query("select 1 from pg_tables where schemaname = 'event_log' and tablename = 'event_lines'").rows -%}
        {%- do run_query(create_raw_tables()) -%}
    {%- endif -%}
    {%- do run_query(copy_event_lines(url, var("iam_role"))) -%}
    {#- Whatever dbt asked before opened a transaction, and dbt rolls it back when the operation ends. -#}
    {%- do run_query("commit") -%}
    {%- do print("Copied " ~ url ~ " into event_log.event_lines.") -%}
{% endmacro %}

{# noshred keeps each line whole in the one SUPER column, keys that nobody registered included. #}
{% macro copy_event_lines(url, iam_role) %}
    copy event_log.event_lines (payload)
    from {{ sql_text(url) }}
    iam_role {{ sql_text(iam_role) }}
    format json 'noshred'
    gzip
    {{- " manifest" if url.endswith(".manifest") }}
{% endmacro %}

{#
    Files are taken in name order and in batches, so that memory does not grow with the landing
    folder. A batch is one transaction: whatever stops it half-way, its files are loaded again from
    the start, and no line of them was kept. All lines of a batch have the same loaded_at, always
    later than any before it, even when the machine's clock was set back: it is the only watermark.
#}
{% macro duckdb__load_event_lines() %}
    {%- set batch_bytes = 16000000 -%}
    {%- set batch_files = 1000 -%}
    {%- set folder = var("landing_path").rstrip("/") -%}

    {%- do run_query(create_raw_tables()) -%}
    {%- do run_query(find_new_files(folder, batch_bytes, batch_files)) -%}
    {%- set batches = run_query("select distinct batch from new_event_files order by batch").columns[0].values() -%}

    {%- set total = namespace(files=0, lines=0, rejected=0, failed=0) -%}
    {%- for batch in batches -%}
        {%- set loaded_at = next_loaded_at() -%}
        {%- do run_query(load_batch(folder, batch, loaded_at)) -%}

        {%- set loaded = run_query(
            "select count(*), coalesce(sum(line_count), 0), coalesce(sum(rejected_count), 0)"
            ~ " from event_log.loaded_files where loaded_at = '" ~ loaded_at ~ "'"
        ).rows[0] -%}
        {%- set total.files = total.files + loaded[0] | int -%}
        {%- set total.lines = total.lines + loaded[1] | int -%}
        {%- set total.rejected = total.rejected + loaded[2] | int -%}

        {%- for file in run_query("select source_file, reason from event_log.failed_files where failed_at = '" ~ loaded_at ~ "' order by 1").rows -%}
            {%- set total.failed = total.failed + 1 -%}
            {%- do print("Could not read " ~ folder ~ "/" ~ file[0] ~ ": " ~ file[1] ~ ". The next load tries it again.") -%}
        {%- endfor -%}
    {%- endfor -%}

    {%- if not batches -%}
        {%- do print("No new event files in " ~ folder ~ ".") -%}
    {%- else -%}
        {%- do print(
            "Loaded " ~ counted(total.files, "new file") ~ " with " ~ counted(total.lines, "line") ~ " from " ~ folder ~ "; "
            ~ counted(total.rejected, "line") ~ " rejected, " ~ counted(total.failed, "file") ~ " could not be read."
        ) -%}
    {%- endif -%}
{% endmacro %}

{# Temporary table new_event_files: one row per file not loaded yet, with the batch it goes into. #}
{% macro find_new_files(folder, batch_bytes, batch_files) %}
    {%- do run_query("create or replace temporary table listing as select list_event_files(" ~ sql_text(folder) ~ ") as listed") -%}
    {%- set error = run_query("select listed.error from listing").rows[0][0] -%}
    {%- if error -%}{{ exceptions.raise_compiler_error(error) }}{%- endif %}
    create or replace temporary table new_event_files as
    with

    found as (
        select unnest(listed.files, recursive := true)
        from listing
    ),

    new as (
        select
            source_file,
            sum(byte_count) over (order by source_file) - byte_count as bytes_before,
            row_number() over (order by source_file) - 1 as files_before
        from found
        where source_file not in (select source_file from event_log.loaded_files)
    )

    select
        source_file,
        bytes_before // {{ batch_bytes }} + files_before // {{ batch_files }} as batch
    from new
{% endmacro %}

{#
    Loads one batch. try_cast has the last word on a line, because event_lines holds what DuckDB
    itself takes as JSON; every line goes to one of the two tables.
#}
{% macro load_batch(folder, batch, loaded_at) %}
    begin transaction;

    create or replace temporary table read_files as
    select
        source_file,
        read_event_file({{ sql_text(folder) }}, source_file) as content
    from new_event_files
    where batch = {{ batch }};

    create or replace temporary table read_lines as
    with

    lines as (
        select
            source_file,
            unnest(content.lines, recursive := true)
        from read_files
    )

    select
        source_file,
        line,
        case when reason is null and try_cast(line as json) is null then 'malformed' else reason end as reason
    from lines;

    insert into event_log.event_lines
    select line, source_file, '{{ loaded_at }}' from read_lines where reason is null;

    insert into event_log.rejected_lines
    select line, reason, source_file, '{{ loaded_at }}' from read_lines where reason is not null;

    insert into event_log.loaded_files
    with

    rejected as (
        select source_file, count(*) as rejected_count
        from read_lines
        where reason is not null
        group by source_file
    )

    select
        read_files.source_file,
        len(read_files.content.lines),
        coalesce(rejected.rejected_count, 0),
        '{{ loaded_at }}'
    from read_files
    left join rejected on read_files.source_file = rejected.source_file
    where read_files.content.error is null;

    delete from event_log.failed_files
    where source_file in (select source_file from read_files);

    insert into event_log.failed_files
    select source_file, content.error, '{{ loaded_at }}' from read_files where content.error is not null;

    drop table read_files;
    drop table read_lines;

    commit;
{% endmacro %}

{# Now in UTC to the microsecond, or just after the newest loaded_at where the clock says earlier. #}
{% macro next_loaded_at() %}
    {{- return(run_query(
        "select cast(greatest(cast(now() at time zone 'UTC' as timestamp), max(loaded_at) + interval 1 microsecond) as varchar)"
        ~ " from event_log.loaded_files"
    ).rows[0][0]) -}}
{% endmacro %}

{% macro sql_text(text) %}
    {{- return(dbt.string_literal(dbt.escape_single_quotes(text))) -}}
{% endmacro %}

{% macro counted(number, noun) %}
    {{- return("{:,} {}{}".format(number, noun, "" if number == 1 else "s")) -}}
{% endmacro %}

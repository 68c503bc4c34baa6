-- What to look at, and what it means. Each is one query; none changes anything. Run by an
-- administrator or a user with the role sys:monitor: others see only their own loads.

-- 1. Files that are not loaded 15 minutes after they arrived; expect no rows.
--    Error: the job tried once and never tries again; repair the file and load it with 5_backfill.sql.
--    Pending: the job is behind, or its integration is not Established (4_copy_job.sql).
select
    trim(file_location) || '/' || trim(file_name) as source_file,
    case left(status, 1) when 'P' then 'pending' when 'E' then 'error' else 'unknown' end as file_status,
    modification_time as arrived_at,
    datediff(minute, modification_time, getdate()) as waiting_minutes
from sys_copy_job_detail
where
    left(status, 1) <> 'I'
    and modification_time < dateadd(minute, -15, getdate())
order by modification_time;

-- 2. Why files did not load: the line of the file, and what was wrong with it.
select
    trim(file_name) as source_file,
    line_number,
    trim(error_message) as error_message,
    start_time
from sys_load_error_detail
where start_time > dateadd(day, -7, getdate())
order by start_time desc;

-- 3. Loads of the last day. A load that aborted loaded no line of any of its files.
select
    query_id,
    status,
    trim(data_source) as data_source,
    source_file_count,
    loaded_rows,
    error_count,
    copy_job_id,
    start_time,
    end_time
from sys_load_history
where
    table_name = 'event_lines'
    and start_time > dateadd(day, -1, getdate())
order by start_time desc;

-- 4. What each model cost in the last night, by the query_group that it sets; fleet_analytics
--    without a model: tests, seeds and dbt's own queries.
select
    trim(query_label) as query_group,
    count(*) as statement_count,
    sum(elapsed_time) / 1000000.0 as elapsed_seconds,
    sum(queue_time) / 1000000.0 as queued_seconds
from sys_query_history
where
    query_label like 'fleet_analytics%'
    and start_time > dateadd(hour, -12, getdate())
group by 1
order by elapsed_seconds desc;

-- 5. Layout of the tables. skew_rows above 4: the distribution key puts most rows on few slices.
--    vacuum_sort_benefit above 20: `vacuum sort only` of that table is worth it.
--    stats_off above 10: `analyze` that table.
select
    "schema" as schema_name,
    "table" as table_name,
    diststyle,
    sortkey1,
    tbl_rows,
    size as size_megabytes,
    skew_rows,
    unsorted,
    vacuum_sort_benefit,
    stats_off
from svv_table_info
where "schema" like 'fleet%' or "schema" = 'event_log'
order by size desc;

-- 6. Nested-loop joins of the last day; expect no rows.
select
    query_id,
    step_name,
    trim(table_name) as table_name,
    trim(alert) as alert,
    input_rows,
    start_time
from sys_query_detail
where
    (step_name = 'nestloop' or alert ilike '%nested loop%')
    and start_time > dateadd(day, -1, getdate())
order by start_time desc;

-- 7. Who waits for whom, while a night seems to stand still: sessions that hold or wait for a lock on a table of dbt's. The
--    rename of a table model waits for readers with an open transaction; end theirs with pg_terminate_backend(pid).
select
    transactions.pid,
    trim(transactions.txn_owner) as user_name,
    transactions.lock_mode,
    transactions.granted,
    trim(info."schema") || '.' || trim(info."table") as table_name,
    datediff(minute, transactions.txn_start, getdate()) as open_minutes
from svv_transactions as transactions
inner join svv_table_info as info
    on transactions.relation = info.table_id
where info."schema" like 'fleet%'
order by transactions.granted, transactions.txn_start;

-- 8. Statements of the last night that went to disk for lack of memory, by model.
select
    trim(history.query_label) as query_group,
    count(distinct details.query_id) as statement_count,
    sum(details.spilled_block_local_disk + details.spilled_block_remote_disk) as spilled_megabytes
from sys_query_detail as details
inner join sys_query_history as history
    on details.query_id = history.query_id
where
    history.query_label like 'fleet_analytics%'
    and details.start_time > dateadd(hour, -12, getdate())
group by 1
having sum(details.spilled_block_local_disk + details.spilled_block_remote_disk) > 0
order by spilled_megabytes desc;

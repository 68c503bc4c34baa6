{{ rebuilt_by("robot_day", date="version_date") }}
{{ config(dist="robot_id", sort="version_date") }}

with

log_ends as (

    select * from {{ ref("int_affected_log_ends") }}

),

{% if is_incremental() %}
cuts as (

    {{ robot_cuts() }}

),

known as (

    select
        versions.*,
        cuts.cut_at,
        row_number() over (
            partition by versions.robot_id
            order by versions.started_at desc
        ) as place

    from {{ this }} as versions

    inner join cuts
        on versions.robot_id = cuts.robot_id

    where versions.version_date < cast(cuts.cut_at as date)

),
{% endif %}

told as (

    select
        robot_id,
        software_version,
        hardware_version,
        emitter_id,
        seq,
        event_id,
        event_at,
        1 as is_told

    from {{ ref("int_robot_state_signs") }}

    where {{ affected("robot_day", date="event_date") }}

    {% if is_incremental() %}
    union all

    -- What was known of the robot at midnight before its first affected day.
    select
        robot_id,
        software_version,
        hardware_version,
        cast(null as varchar(256)) as emitter_id,
        cast(null as bigint) as seq,
        cast(null as varchar(64)) as event_id,
        cut_at as event_at,
        0 as is_told
    from known
    where place = 1
    {% endif %}

),

counted as (

    select
        *,
        row_number() over (
            partition by robot_id
            order by event_at, is_told, emitter_id, seq, event_id
        ) as place,
        count(software_version) over (
            partition by robot_id
            order by event_at, is_told, emitter_id, seq, event_id
            rows between unbounded preceding and current row
        ) as software_number,
        count(hardware_version) over (
            partition by robot_id
            order by event_at, is_told, emitter_id, seq, event_id
            rows between unbounded preceding and current row
        ) as hardware_number

    from told

),

-- An event that does not tell a version has the one that was told last.
filled as (

    select
        robot_id,
        place,
        event_at,
        max(software_version) over (partition by robot_id, software_number) as software_version,
        max(hardware_version) over (partition by robot_id, hardware_number) as hardware_version

    from counted

),

compared as (

    select
        *,
        lag(software_version) over (partition by robot_id order by place) as previous_software_version,
        lag(hardware_version) over (partition by robot_id order by place) as previous_hardware_version,
        1 as all_rows

    from filled

),

changed as (

    select
        *,
        lead(event_at) over (partition by robot_id order by place) as next_at

    from compared

    where
        place = 1
        or coalesce(software_version <> previous_software_version, software_version is not null)
        or coalesce(hardware_version <> previous_hardware_version, hardware_version is not null)

),

-- The last version goes on to the end of the day on which the log ends.
lasting as (

    select
        changed.robot_id,
        changed.software_version,
        changed.hardware_version,
        changed.event_at as held_from,
        coalesce(
            {{ dbt.dateadd("millisecond", -1, "changed.next_at") }},
            log_ends.log_end_at
        ) as held_until,
        changed.next_at as held_before

    from changed

    inner join log_ends
        on changed.all_rows = log_ends.all_rows

    where changed.next_at is null or changed.next_at > changed.event_at

),

in_days as (

    {{ time_buckets("lasting", "held_from", "held_until", "day") }}

),

versions as (

    select
        ----------  ids
        robot_id,

        ----------  text
        software_version,
        hardware_version,

        ----------  timestamps
        cast(day_at as date) as version_date,
        greatest(held_from, day_at) as started_at,
        -- least() skips the NULL of the version that still holds.
        least(held_before, {{ dbt.dateadd("day", 1, "day_at") }}) as ended_at

    from in_days

)

select * from versions

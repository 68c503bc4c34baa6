{{ rebuilt_by("robot_day", date="ended_date") }}
{{ config(dist="robot_id", sort="ended_date") }}

with

log_ends as (

    select * from {{ ref("int_affected_log_ends") }}

),

{% if is_incremental() %}

carried as (

    {{ carried_over() }}

),

{% endif %}

state_changes as (

    select
        *,
        cast(null as varchar(16)) as carried_basis,
        cast(null as timestamp) as carried_started_at
    from {{ ref("int_robot_state_changes") }}
    where {{ affected("robot_day", date="event_date") }}

    {% if is_incremental() %}

    union all

    select
        changes.*,
        carried.basis as carried_basis,
        carried.started_at as carried_started_at
    from {{ ref("int_robot_state_changes") }} as changes
    inner join carried
        on changes.event_id = carried.state_event_id

    {% endif %}

),

numbered_changes as (

    select
        *,
        row_number() over (
            partition by robot_id
            order by event_at, emitter_id, seq, event_id
        ) as state_number,
        lead(event_at) over (
            partition by robot_id
            order by event_at, emitter_id, seq, event_id
        ) as next_event_at

    from state_changes

),

silences as (

    select
        *,
        {{ dbt.dateadd("minute", var("silence_timeout_minutes"), "last_sign_at") }} as silent_from_at

    from {{ ref("int_robot_silences") }}

    where
        is_silence
        and {{ affected("robot_day", date="ended_date") }}

),

-- A silence belongs to the robot's last state change before it, and is joined with it by its number.
marks as (

    select
        robot_id,
        event_at as marked_at,
        1 as is_state_change,
        cast(null as timestamp) as silent_from_at,
        cast(null as timestamp) as next_sign_at,
        cast(null as boolean) as is_lost_span
    from state_changes

    union all

    select
        robot_id,
        last_sign_at as marked_at,
        0 as is_state_change,
        silent_from_at,
        next_sign_at,
        is_lost_span
    from silences

),

numbered_marks as (

    select
        *,
        sum(is_state_change) over (
            partition by robot_id
            order by marked_at asc, is_state_change desc
            rows between unbounded preceding and current row
        ) as state_number

    from marks

),

silent_spells as (

    -- A line that comes late makes another gap of a lost span. So that it changes no earlier day, the span
    -- counts as one from midnight on, and as silence before.
    select
        numbered_marks.*,
        numbered_changes.next_event_at,
        greatest(
            numbered_marks.silent_from_at,
            cast(cast(numbered_marks.next_sign_at as date) as timestamp)
        ) as lost_from_at

    from numbered_marks

    inner join numbered_changes
        on
            numbered_marks.robot_id = numbered_changes.robot_id
            and numbered_marks.state_number = numbered_changes.state_number

    where
        numbered_marks.is_state_change = 0
        and numbered_changes.expects_heartbeat

),

versions as (

    select * from {{ ref("int_robot_versions") }}

),

starts as (

    -- A silence and a lost span that are carried over are found again among the silences.
    select
        robot_id,
        state_number,
        coalesce(carried_started_at, event_at) as started_at,
        coalesce(carried_basis, basis) as basis
    from numbered_changes
    where coalesce(carried_basis, basis) not in ('silence', 'lost_lines')

    union all

    select
        robot_id,
        state_number,
        silent_from_at as started_at,
        'silence' as basis
    from silent_spells
    where
        not is_lost_span
        or silent_from_at < lost_from_at

    union all

    select
        robot_id,
        state_number,
        lost_from_at as started_at,
        'lost_lines' as basis
    from silent_spells
    where
        is_lost_span
        and coalesce(next_event_at > lost_from_at, true)

    union all

    -- Heard again without a change of state: the state that was reported last continues.
    select
        robot_id,
        state_number,
        next_sign_at as started_at,
        'resumed' as basis
    from silent_spells
    where
        next_sign_at is not null
        and coalesce(next_event_at > next_sign_at, true)

),

ended as (

    select
        *,
        coalesce(
            lead(started_at) over (
                partition by robot_id
                order by started_at, state_number, basis
            ),
            (select log_ends.log_end_at from log_ends)
        ) as ended_at

    from starts

),

intervals as (

    select
        ----------  ids
        ended.robot_id,
        changes.event_id as state_event_id,
        changes.market,

        ----------  text
        ended.basis,
        case when ended.basis = 'silence' then 'unknown' else changes.to_state end as state,
        case when ended.basis = 'silence' then 'silence' else coalesce(changes.reason, 'none') end as reason,
        changes.to_state as reported_state,
        changes.reason as reported_reason,
        changes.from_state,
        changes.previous_to_state,
        versions.software_version,
        versions.hardware_version,
        changes.emitter_id,

        ----------  numerics
        changes.seq,

        ----------  booleans
        changes.is_dispatchable,
        ended.basis in ('reported', 'heartbeat') and changes.has_lost_transition as has_lost_transition,
        ended.basis = 'reported' and changes.is_illegal_transition as is_illegal_transition,

        ----------  timestamps
        cast(ended.ended_at as date) as ended_date,
        changes.reported_at,
        ended.started_at,
        ended.ended_at

    from ended

    inner join numbered_changes as changes
        on
            ended.robot_id = changes.robot_id
            and ended.state_number = changes.state_number

    left join versions
        on
            ended.robot_id = versions.robot_id
            and cast(ended.started_at as date) = versions.version_date
            and ended.started_at >= versions.started_at
            and ended.started_at < versions.ended_at

)

select * from intervals

{{ in_sort_order() }}

{{ rebuilt_by("robot_day", date="event_date") }}
{{ config(dist="robot_id", sort="event_date") }}

{%- set timeout_milliseconds = 60000 * var("silence_timeout_minutes") %}
{%- set race_milliseconds = (1000 * var("clock_offset_threshold_seconds")) | int %}
{%- set days = affected_days(ref("int_affected_robot_days")) if is_incremental() else [] %}

with

signs as (

    select *

    from {{ ref("int_robot_state_signs") }}

    where {{ affected("robot_day", date="event_date") }}

),

robot_states as (

    select * from {{ ref("robot_states") }}

),

transitions as (

    select * from {{ ref("robot_state_transitions") }}

),

lost_spans as (

    select *

    from {{ ref("int_robot_silences") }}

    where
        is_lost_span
        and {{ affected("robot_day", date="ended_date") }}

),

restored_contacts as (

    select
        event_id,
        robot_id,
        emitter_id,
        seq,
        event_at

    from {{ ref("stg_event_log__robot_events") }}

    where
        event_name = 'robot.connection_restored'
        and robot_id is not null
        and {{ affected("robot_day", date="event_date") }}

),

{% if is_incremental() %}
cuts as (

    {{ robot_cuts() }}

),

last_times as (

    select
        known.robot_id,
        max(known.event_at) as event_at

    from {{ this }} as known

    inner join cuts
        on known.robot_id = cuts.robot_id

    where known.event_at < cuts.cut_at

    group by known.robot_id

),

numbered_last as (

    select
        known.*,
        row_number() over (
            partition by known.robot_id
            order by known.emitter_id, known.seq, known.event_id
        ) as place,
        count(*) over (partition by known.robot_id) as places

    from {{ this }} as known

    inner join last_times
        on
            known.robot_id = last_times.robot_id
            and known.event_at = last_times.event_at

),

-- The last change of each robot before its first affected day. It replaces all earlier ones, so that
-- none of them is read again.
carried as (

    select *

    from numbered_last

    where place = places

),

-- What the day before told so shortly before midnight that it matters for the first heartbeats after it.
shortly_before as (

    select signs.*

    from {{ ref("int_robot_state_signs") }} as signs

    inner join cuts
        on signs.robot_id = cuts.robot_id

    where
        signs.event_at < cuts.cut_at
        and signs.event_at >= {{ dbt.dateadd("minute", -2 * var("silence_timeout_minutes"), "cuts.cut_at") }}
        {% if days -%}
        and signs.event_date >= cast({{ dbt.dateadd("day", -1, "date '" ~ days[0] ~ "'") }} as date)
        {%- endif %}

),

{% endif %}

{#- The columns that only some of the rows below have, as NULL for the others. -#}
{% set no_text = "cast(null as varchar(256))" %}

evidence as (

    select
        case
            when event_name = 'robot.state_changed' then 'change'
            when state is null then 'other'
            else 'heartbeat'
        end as kind,
        event_id,
        robot_id,
        market,
        from_state,
        state,
        reason,
        is_dispatchable,
        emitter_id,
        seq,
        coalesce(event_at_uncertainty_ms, 0) as uncertainty_ms,
        event_at,
        previous_state_at
    from signs

    union all

    select
        'restored' as kind,
        event_id,
        robot_id,
        {{ no_text }} as market,
        {{ no_text }} as from_state,
        {{ no_text }} as state,
        {{ no_text }} as reason,
        cast(null as boolean) as is_dispatchable,
        emitter_id,
        seq,
        0 as uncertainty_ms,
        event_at,
        cast(null as timestamp) as previous_state_at
    from restored_contacts

    {% if is_incremental() %}
    union all

    select
        'carried' as kind,
        carried.event_id,
        carried.robot_id,
        carried.market,
        carried.from_state,
        carried.to_state as state,
        carried.reason,
        carried.is_dispatchable,
        carried.emitter_id,
        carried.seq,
        0 as uncertainty_ms,
        carried.event_at,
        cast(null as timestamp) as previous_state_at
    from carried

    union all

    select
        case when event_name = 'robot.state_changed' then 'before' else 'other' end as kind,
        event_id,
        robot_id,
        market,
        from_state,
        state,
        reason,
        is_dispatchable,
        emitter_id,
        seq,
        coalesce(event_at_uncertainty_ms, 0) as uncertainty_ms,
        event_at,
        previous_state_at
    from shortly_before
    {% endif %}

),

-- A heartbeat shares its first number with the reported change before it, its second with the one after it.
numbered as (

    select
        *,
        sum(case when kind in ('change', 'before') then 1 else 0 end) over (
            partition by robot_id
            order by event_at, emitter_id, seq, event_id
            rows between unbounded preceding and current row
        ) as number_before,
        sum(case when kind in ('change', 'before') then 1 else 0 end) over (
            partition by robot_id
            order by event_at, emitter_id, seq, event_id
            rows between current row and unbounded following
        ) as number_after,
        max(coalesce(case when state is not null then event_at end, previous_state_at)) over (
            partition by robot_id
            order by event_at, emitter_id, seq, event_id
            rows between unbounded preceding and 1 preceding
        ) as earlier_state_at

    from evidence

),

{% set sides = ["before", "after"] %}

surrounded as (

    select
        {% for side in sides %}
            max(case when kind in ('change', 'before') then event_at end) over (
                partition by robot_id, number_{{ side }}
            ) as change_{{ side }}_at,
            max(case when kind in ('change', 'before') then uncertainty_ms end) over (
                partition by robot_id, number_{{ side }}
            ) as change_{{ side }}_uncertainty_ms,
            max(case when kind in ('change', 'before') then emitter_id end) over (
                partition by robot_id, number_{{ side }}
            ) as change_{{ side }}_emitter_id,
        {% endfor %}
        numbered.*

    from numbered

),

measured as (

    select
        {% for side in sides %}
            abs({{ milliseconds_between("change_" ~ side ~ "_at", "event_at") }}) - case
                when emitter_id = change_{{ side }}_emitter_id then 0
                else least(uncertainty_ms + change_{{ side }}_uncertainty_ms, {{ timeout_milliseconds }})
            end as from_change_{{ side }}_milliseconds,
        {% endfor %}
        surrounded.*

    from surrounded

),

-- A robot samples its state before it logs a heartbeat, and the clocks of two emitters differ: so near to a
-- reported change a heartbeat says nothing that the change does not say.
settled as (

    select
        measured.*,
        case
            when measured.kind <> 'heartbeat' or robot_states.usable = 'when_dispatchable'
                then measured.is_dispatchable
        end as told_dispatchable

    from measured

    left join robot_states
        on measured.state = robot_states.state

    where
        measured.kind in ('change', 'carried', 'restored')
        or (
            measured.kind = 'heartbeat'
            and coalesce(measured.from_change_before_milliseconds > {{ race_milliseconds }}, true)
            and coalesce(measured.from_change_after_milliseconds > {{ race_milliseconds }}, true)
        )

),

with_contacts as (

    select
        *,
        max(case when kind = 'restored' then event_at end) over (
            partition by robot_id
            order by event_at, emitter_id, seq, event_id
            rows between unbounded preceding and current row
        ) as restored_at

    from settled

),

followed as (

    select
        with_contacts.*,
        lag(state) over (
            partition by robot_id
            order by event_at, emitter_id, seq, event_id
        ) as previous_state,
        lag(event_at) over (
            partition by robot_id
            order by event_at, emitter_id, seq, event_id
        ) as previous_at,
        greatest(previous_state_at, earlier_state_at) as last_state_at

    from with_contacts

    where kind <> 'restored'

),

-- A spell is the time in one state, however often it was told.
spells as (

    select
        *,
        sum(case when state = previous_state then 0 else 1 end) over (
            partition by robot_id
            order by event_at, emitter_id, seq, event_id
            rows between unbounded preceding and current row
        ) as spell_number

    from followed

),

counted as (

    select
        *,
        count(told_dispatchable) over (
            partition by robot_id, spell_number
            order by event_at, emitter_id, seq, event_id
            rows between unbounded preceding and current row
        ) as dispatchable_number,
        count(reason) over (
            partition by robot_id, spell_number
            order by event_at, emitter_id, seq, event_id
            rows between unbounded preceding and current row
        ) as reason_number

    from spells

),

-- Told again, a state keeps what is not told again.
filled as (

    select
        *,
        max(case when told_dispatchable then 1 when not told_dispatchable then 0 end) over (
            partition by robot_id, spell_number, dispatchable_number
        ) as known_dispatchable,
        max(reason) over (
            partition by robot_id, spell_number, reason_number
        ) as known_reason

    from counted

),

compared as (

    select
        *,
        lag(known_dispatchable) over (
            partition by robot_id, spell_number
            order by event_at, emitter_id, seq, event_id
        ) as previous_dispatchable

    from filled

),

told_changes as (

    select
        *,
        kind = 'heartbeat' as is_inferred,
        {{ dbt.dateadd("minute", -1 * var("silence_timeout_minutes"), "event_at") }} as heard_from

    from compared

    where
        kind = 'change'
        or (
            kind = 'heartbeat'
            and (
                coalesce(state <> previous_state, true)
                or (told_dispatchable is not null and coalesce(known_dispatchable <> previous_dispatchable, true))
            )
        )

),

-- The last sign of the old state, where not too much time lies between.
preceded as (

    select
        told_changes.*,
        case
            when told_changes.last_state_at >= told_changes.heard_from then told_changes.last_state_at
            else lost_spans.last_sign_at
        end as left_after

    from told_changes

    left join lost_spans
        on
            told_changes.robot_id = lost_spans.robot_id
            and told_changes.event_at = lost_spans.next_sign_at

),

halved as (

    select
        *,
        -- A day at most, because dateadd takes an integer of 32 bits, which holds 24 days of milliseconds.
        cast(
            least(floor({{ milliseconds_between("left_after", "event_at") }} / 2.0), 86400000) as integer
        ) as half_milliseconds

    from preceded

),

-- A change that was lost lies between the last sign of the old state and the first of the new one. After a
-- silence the new state begins when it is heard of: before, nobody knows. The middle of a span of which lines
-- were lost may lie days before; it is not looked for before midnight, so that a night knows what it changes.
timed as (

    select
        *,
        case
            when not is_inferred or previous_state is null then event_at
            when
                previous_state in {{ states_marked("no_contact") }}
                and restored_at > previous_at
                and restored_at >= heard_from
                then restored_at
            when left_after is null then event_at
            when last_state_at >= heard_from
                then {{ dbt.dateadd("millisecond", "-1 * half_milliseconds", "event_at") }}
            else greatest(
                {{ dbt.dateadd("millisecond", "-1 * half_milliseconds", "event_at") }},
                cast(cast(event_at as date) as timestamp)
            )
        end as changed_at,
        case
            when not is_inferred then {{ dbt.dateadd("millisecond", "-1 * uncertainty_ms", "event_at") }}
            when previous_state is null then event_at
            else coalesce(left_after, heard_from)
        end as earliest_at,
        case
            when not is_inferred then {{ dbt.dateadd("millisecond", "uncertainty_ms", "event_at") }}
            else event_at
        end as latest_at

    from halved

),

state_changes as (

    select
        ----------  ids
        timed.event_id,
        timed.robot_id,
        timed.market,

        ----------  text
        case when timed.is_inferred then 'heartbeat' else 'reported' end as basis,
        case when timed.is_inferred then timed.previous_state else timed.from_state end as from_state,
        timed.state as to_state,
        timed.previous_state as previous_to_state,
        timed.known_reason as reason,
        timed.emitter_id,

        ----------  numerics
        timed.seq,

        ----------  booleans
        timed.known_dispatchable = 1 as is_dispatchable,
        coalesce(not timed.is_inferred and timed.from_state <> timed.state, false)
        and transitions.to_state is null as is_illegal_transition,
        case
            when timed.is_inferred then coalesce(timed.state <> timed.previous_state, false)
            else coalesce(timed.from_state <> timed.previous_state, false)
        end as has_lost_transition,
        {{ "coalesce(robot_states.expects_heartbeat, true)" if var("robots_send_heartbeats") else "false" }}
            as expects_heartbeat,

        ----------  timestamps
        cast(timed.changed_at as date) as event_date,
        timed.changed_at as event_at,
        timed.event_at as reported_at,
        timed.earliest_at,
        timed.latest_at

    from timed

    left join robot_states
        on timed.state = robot_states.state

    left join transitions
        on
            timed.from_state = transitions.from_state
            and timed.state = transitions.to_state

    {% if is_incremental() %}
    inner join cuts
        on timed.robot_id = cuts.robot_id

    -- A heartbeat after midnight may tell of a change before it, which is carried.
    where timed.changed_at >= cuts.cut_at
    {% endif %}

)

select * from state_changes

{{ rebuilt_by("session") }}
{{ config(dist="delivery_id", sort="delivery_id") }}

{#- A robot says that it stopped at most this long after what stopped it; a bump before that is another story. -#}
{% set stops_within_ms = 60000 %}
{#- Clocks that differ by less are not corrected. -#}
{% set clocks_differ_ms = var("clock_offset_threshold_seconds") * 1000 %}
{% set reasons = registry_trouble_reasons() %}

with

endings as (

    select
        *,
        {{ utc_timestamptz("outcome_at") }} as ended_at_tz

    from {{ ref("int_deliveries") }}

    where
        outcome in ('failed', 'cancelled')
        and {{ affected("session") }}

),

robots as (

    select * from {{ ref("int_delivery_robots") }}

),

session_events as (

    select *

    from {{ ref("delivery_session_events") }}

    where {{ affected("session", at="event_at") }}

),

robot_states as (

    select * from {{ ref("robot_states") }}

),

event_registry as (

    select * from {{ ref("event_registry") }}

),

-- What only the payload tells: a state and its reason, a kind of accident, why a pilot was asked for.
details as (

    select
        event_id,
        to_state,
        coalesce(kind, reason) as word,
        coalesce(severity_value in {{ words_meaning("severity", "slight") }}, false) as is_minor
    from {{ ref("stg_event_log__robot_events") }}
    where
        event_name in ('robot.state_changed', 'robot.safety_event')
        and {{ affected("session", id=false, date="event_date") }}

    union all

    select
        event_id,
        cast(null as varchar(64)) as to_state,
        coalesce(outcome, cause) as word,
        false as is_minor
    from {{ ref("stg_event_log__pilot_events") }}
    where
        event_name in ('pilot.help_requested', 'pilot.session_ended')
        and {{ affected("session", id=false, date="event_date") }}

    union all

    select
        event_id,
        cast(null as varchar(64)) as to_state,
        case when event_name = 'merchant.order_rejected' or not available then 'closed' else 'open' end as word,
        false as is_minor
    from {{ ref("stg_event_log__merchant_events") }}
    where
        event_name in ('merchant.order_rejected', 'merchant.availability_changed')
        and {{ affected("session", id=false, date="event_date") }}

),

events as (

    select
        session_events.delivery_id,
        session_events.sequence_number,
        session_events.event_name,
        session_events.event_at,
        session_events.robot_id,
        session_events.is_failure,
        session_events.is_ambiguous,
        session_events.error_code,
        session_events.component,
        details.to_state,
        details.word,
        details.is_minor,
        coalesce(details.to_state, session_events.robot_state) as robot_state,
        event_registry.ends_delivery is not null as is_ending,
        event_registry.is_sign_of_life,
        endings.ended_at_tz,
        robots.robot_id as last_robot_id,
        max(case when session_events.event_name = 'dispatch.assigned' then session_events.sequence_number end)
            over (partition by session_events.delivery_id)
            as last_assigned_number

    from session_events

    inner join endings
        on
            session_events.delivery_id = endings.delivery_id
            and session_events.event_at <= endings.ended_at_tz

    left join robots
        on session_events.delivery_id = robots.delivery_id

    left join event_registry
        on session_events.event_name = event_registry.event_name

    left join details
        on session_events.event_id = details.event_id

),

-- An ending that another assignment follows ended an attempt of which nothing counts any more.
attempts as (

    select
        *,
        max(case when is_ending and sequence_number < last_assigned_number then sequence_number end)
            over (partition by delivery_id)
            as earlier_ending_number

    from events

),

loads as (

    select
        *,
        -- The line of the loading may be lost; a robot on its way to the customer was loaded.
        max(
            case
                when
                    event_name in (
                        'delivery.pickup_completed', 'delivery.dropoff_en_route', 'delivery.dropoff_arrived'
                    )
                    then sequence_number
            end
        ) over (partition by delivery_id) as loaded_number

    from attempts

    where sequence_number > coalesce(earlier_ending_number, 0)

),

-- Goods are with the robot that was loaded with them last, whichever was to fetch them since.
carried as (

    select
        *,
        coalesce(
            max(case when sequence_number = loaded_number then robot_id end) over (partition by delivery_id),
            last_robot_id
        ) as bearer_id,
        -- A robot turns back with goods when it was given up to hand them over, and the line of that may be lost.
        max(
            case
                when to_state in {{ states_marked("way_back") }} and sequence_number > loaded_number
                    then sequence_number
            end
        ) over (partition by delivery_id)
            as turned_number

    from loads

),

ended as (

    select
        *,
        coalesce(robot_id = bearer_id, robot_id is null or bearer_id is null) as is_of_bearer,
        coalesce(
            max(case when sequence_number = turned_number then event_at end) over (partition by delivery_id),
            ended_at_tz
        ) as given_up_at

    from carried

),

marked as (

    select
        ended.*,
        {{ milliseconds_between("ended.event_at", "ended.given_up_at") }} as milliseconds_to_end,
        ended.is_of_bearer
        and (ended.to_state is not null or ended.event_name = 'robot.heartbeat')
        and robot_states.is_operating as is_up,
        ended.is_of_bearer
        and (
            ended.to_state is not null
            or (ended.event_name = 'robot.heartbeat' and ended.robot_state not in {{ states_marked("no_contact") }})
        )
        and not robot_states.is_operating
        and not robot_states.is_derived as is_down,
        coalesce(
            max(case when ended.event_name = 'robot.error_cleared' then ended.sequence_number end)
                over (partition by ended.delivery_id, ended.robot_id, ended.error_code)
            > ended.sequence_number,
            false
        ) as is_cleared

    from ended

    left join robot_states
        on ended.robot_state = robot_states.state

    where ended.sequence_number < coalesce(ended.turned_number, ended.sequence_number + 1)

),

followed as (

    select
        *,
        lag(is_down) over (
            partition by delivery_id, is_up or is_down
            order by sequence_number
        ) as was_down

    from marked

),

-- The robot works again when it changes to a state of work, says that it works though it had stopped, or
-- gets on with the delivery.
recovered as (

    select
        *,
        coalesce(
            max(
                case
                    when
                        milliseconds_to_end >= {{ clocks_differ_ms }}
                        and (
                            (is_up and (to_state is not null or was_down))
                            or (
                                is_of_bearer
                                and event_name in (
                                    'delivery.pickup_arrived', 'delivery.pickup_completed', 'delivery.dropoff_arrived'
                                )
                            )
                        )
                        then sequence_number
                end
            ) over (partition by delivery_id),
            0
        ) as recovered_number

    from followed

),

stopped as (

    select
        *,
        min(case when is_down and sequence_number > recovered_number then event_at end)
            over (partition by delivery_id)
            as stopped_at

    from recovered

),

counted as (

    select
        *,
        is_of_bearer
        and sequence_number > recovered_number
        and coalesce({{ milliseconds_between("event_at", "stopped_at") }} <= {{ stops_within_ms }}, true) as counts

    from stopped

),

numbered as (

    select
        *,
        min(case when counts and is_failure and not is_cleared then sequence_number end)
            over (partition by delivery_id)
            as failure_number,
        max(case when counts and event_name = 'pilot.help_requested' then sequence_number end)
            over (partition by delivery_id)
            as help_number,
        max(case when is_of_bearer and event_name = 'delivery.pickup_arrived' then sequence_number end)
            over (partition by delivery_id)
            as merchant_number,
        max(case when is_of_bearer and event_name = 'delivery.dropoff_arrived' then sequence_number end)
            over (partition by delivery_id)
            as customer_number

    from counted

),

aggregated as (

    select
        delivery_id,
        max(bearer_id) as robot_id,
        max(loaded_number) as loaded_number,
        max(given_up_at) as given_up_at,

        ----------  the first sign of each trouble
        {% for trouble, words in reasons.items() %}
            min(
                case
                    when
                        counts
                        and to_state is not null
                        and word in ('{{ words | join("', '") }}')
                        then sequence_number
                end
            ) as {{ trouble }}_number,
        {% endfor %}
        -- A minor collision is an accident only if the robot stopped of it.
        min(
            case
                when
                    counts
                    and event_name = 'robot.safety_event'
                    and word in {{ words_meaning("kind", "accident") }}
                    and (not is_minor or stopped_at is not null)
                    then sequence_number
            end
        ) as hit_number,
        max(failure_number) as failure_number,
        max(case when sequence_number = failure_number then error_code end) as failure_code,
        max(case when sequence_number = failure_number then component end) as failure_component,
        min(case when counts and is_down and robot_state in {{ states_marked("failed") }} then sequence_number end)
            as fault_number,
        min(
            case
                when
                    counts
                    and ((is_down and robot_state in {{ states_marked("stuck") }}) or event_name = 'robot.stuck')
                    then sequence_number
            end
        ) as stuck_number,
        min(
            case
                when
                    counts
                    and (
                        is_down
                        or (is_failure and not is_cleared)
                        or event_name = 'robot.stuck'
                        or word in {{ words_meaning("kind", "accident") }}
                    )
                    then event_at
            end
        ) as trouble_at,

        ----------  contact and pilots
        max(
            case
                when
                    is_of_bearer
                    and (event_name = 'robot.connection_lost' or to_state in {{ states_marked("no_contact") }})
                    then sequence_number
            end
        ) as lost_number,
        max(
            case
                when
                    is_of_bearer
                    and (is_sign_of_life or event_name in ('robot.connection_restored', 'pilot.control_changed'))
                    and coalesce(to_state, '') not in {{ states_marked("no_contact") }}
                    then sequence_number
            end
        ) as life_number,
        max(case when is_of_bearer and event_name = 'robot.connection_lost' then event_at end) as lost_at,
        max(help_number) as help_number,
        max(case when sequence_number = help_number then word end) as help_cause,
        max(case when sequence_number = help_number then event_at end) as help_at,
        max(case when sequence_number > help_number and event_name = 'pilot.session_started' then 1 else 0 end)
            as came_count,
        max(
            case
                when sequence_number > help_number and word in {{ words_meaning("outcome", "solved") }} then 1
                else 0
            end
        ) as resolved_count,

        ----------  where it waited
        max(merchant_number) as merchant_number,
        max(case when sequence_number = merchant_number then event_at end) as merchant_at,
        max(customer_number) as customer_number,
        max(case when sequence_number = customer_number then event_at end) as customer_at,
        max(case when event_name = 'delivery.unlock_attempted' then sequence_number end) as unlock_number,
        max(case when word = 'closed' then sequence_number end) as closed_number,
        max(case when word = 'open' then sequence_number end) as opened_number,

        ----------  the robot otherwise
        max(case when is_up then sequence_number end) as up_number,
        max(case when is_down then sequence_number end) as down_number,
        max(case when is_failure and not is_cleared then sequence_number end) as earlier_failure_number

    from numbered

    group by delivery_id

),

troubled as (

    select
        *,
        case
            when weather_number is not null then 'weather'
            when coalesce(hit_number, accident_number) is not null then 'accident'
            when theft_number is not null then 'theft'
            when lid_number is not null or failure_component in {{ words_meaning("component", "lid") }} then 'lid'
            when no_pilot_number is not null then 'no_pilot'
            when coalesce(failure_number, fault_number) is not null then 'failure'
            when stuck_number is not null then 'stuck'
            when lost_number > coalesce(life_number, 0) then 'contact'
            -- Lines of the robot may be lost; those of the pilots tell too what was wrong with it.
            when help_number is null or resolved_count = 1 then null
            when came_count = 0 then 'no_pilot'
            when help_cause in {{ words_meaning("cause", "lid") }} then 'lid'
            when help_cause in {{ words_meaning("cause", "accident") }} then 'accident'
            when help_cause in {{ words_meaning("cause", "stuck") }} then 'stuck'
            when help_cause not in {{ words_meaning("cause", "customer") }} then 'failure'
        end as trouble,
        case
            when loaded_number is null and merchant_number is not null then 'merchant'
            when customer_number >= loaded_number then 'customer'
        end as waiting_at

    from aggregated

),

evidence as (

    select
        ----------  ids
        delivery_id,
        robot_id,

        ----------  text
        trouble,
        failure_code,
        waiting_at,

        ----------  numerics
        coalesce(
            case trouble
                when 'weather' then weather_number
                when 'accident' then coalesce(hit_number, accident_number)
                when 'theft' then theft_number
                when 'lid'
                    then
                        coalesce(
                            case
                                when failure_component in {{ words_meaning("component", "lid") }} then failure_number
                            end,
                            lid_number
                        )
                when 'no_pilot' then no_pilot_number
                when 'failure' then coalesce(failure_number, fault_number)
                when 'stuck' then stuck_number
                when 'contact' then lost_number
            end,
            help_number
        ) as trouble_number,
        {{ milliseconds_between("coalesce(trouble_at, lost_at, help_at)", "given_up_at") }}
            as milliseconds_in_trouble,
        case waiting_at when 'merchant' then merchant_number when 'customer' then customer_number end as waiting_number,
        case waiting_at
            when 'merchant' then {{ milliseconds_between("merchant_at", "given_up_at") }}
            when 'customer' then {{ milliseconds_between("customer_at", "given_up_at") }}
        end as milliseconds_waiting,
        case when closed_number > coalesce(opened_number, 0) then closed_number end as closed_number,
        case when unlock_number > customer_number then unlock_number end as unlock_number,
        earlier_failure_number,

        ----------  booleans
        loaded_number is not null as has_goods,
        coalesce(up_number > coalesce(down_number, 0), false) as is_seen_well

    from troubled

)

select * from evidence

{{ rebuilt_by("session") }}
{{ config(dist="delivery_id", sort=["delivery_id", "revision_number"]) }}

{% set streams = registry_events() | map(attribute="stream") | unique | list %}

with

session_events as (

    select *

    from {{ ref("delivery_session_events") }}

    where {{ affected("session", at="event_at") }}

),

-- As in int_delivery_milestones, a failed drop-off that is tried again ends nothing, and goods that were
-- handed over stay so; of other endings the last one counts.
endings as (

    select
        event_id,
        delivery_id,
        ends_delivery as outcome

    from {{ ref("stg_event_log__events") }}

    where
        delivery_id is not null
        and (
            event_name = 'delivery.return_completed'
            or (
                ends_delivery is not null
                and not coalesce(disposition in {{ words_meaning("disposition", "tried_again") }}, false)
            )
        )
        and {{ affected("session", date="event_date") }}

),

judged_events as (

    select
        session_events.*,
        endings.outcome,
        endings.event_id is not null as is_ending

    from session_events

    left join endings
        on
            session_events.delivery_id = endings.delivery_id
            and session_events.event_id = endings.event_id

),

loads as (

    select
        delivery_id,
        loaded_at,
        count(*) as added_event_count,
        sum(case when is_error then 1 else 0 end) as added_error_count,
        max(case when is_ending then 1 else 0 end) as has_ending,
        {% for stream in streams %}
            max(case when stream = '{{ stream }}' then 1 else 0 end) as has_{{ stream }},
        {% endfor %}
        min(case when outcome = 'completed' then sequence_number end) as first_completed_number,
        max(case when outcome is not null then sequence_number end) as last_outcome_number,
        min(case when event_name = 'robot.error' then sequence_number end) as first_error_number
    from judged_events

    group by delivery_id, loaded_at

),

-- After each load: the outcome and the first error among all events loaded by then.
accumulated as (

    select
        *,
        row_number() over (
            partition by delivery_id
            order by loaded_at
        ) as revision_number,
        coalesce(
            min(first_completed_number) over (
                partition by delivery_id
                order by loaded_at
                rows between unbounded preceding and current row
            ),
            max(last_outcome_number) over (
                partition by delivery_id
                order by loaded_at
                rows between unbounded preceding and current row
            )
        ) as outcome_number,
        min(first_error_number) over (
            partition by delivery_id
            order by loaded_at
            rows between unbounded preceding and current row
        ) as error_number,
        min(case when has_ending = 1 then loaded_at end) over (partition by delivery_id) as end_loaded_at

    from loads

),

described as (

    select
        accumulated.*,
        outcomes.event_id as outcome_event_id,
        coalesce(outcomes.outcome, 'open') as outcome,
        errors.event_id as first_error_event_id,
        lag(coalesce(outcomes.outcome, 'open')) over (
            partition by accumulated.delivery_id
            order by accumulated.revision_number
        ) as previous_outcome

    from accumulated

    left join judged_events as outcomes
        on
            accumulated.delivery_id = outcomes.delivery_id
            and accumulated.outcome_number = outcomes.sequence_number

    left join judged_events as errors
        on
            accumulated.delivery_id = errors.delivery_id
            and accumulated.error_number = errors.sequence_number

),

revisions as (

    select
        ----------  ids
        delivery_id,
        outcome_event_id,
        first_error_event_id,

        ----------  text
        cast(outcome as varchar(16)) as outcome,
        cast(
            ltrim(
                ''
                {% for stream in streams %}
                    || case when has_{{ stream }} = 1 then ', {{ stream }}' else '' end
                {% endfor %}
                || case when has_ending = 1 then ', ending' else '' end
                || case
                    when added_error_count = 1 then ', 1 error'
                    when added_error_count > 1 then ', ' || cast(added_error_count as varchar(16)) || ' errors'
                    else ''
                end,
                ', '
            ) as varchar(256)
        ) as what_changed,

        ----------  numerics
        cast(revision_number as integer) as revision_number,
        cast(added_event_count as integer) as added_event_count,
        cast(added_error_count as integer) as added_error_count,

        ----------  booleans
        coalesce(outcome <> previous_outcome, false) as is_outcome_changed,
        coalesce(loaded_at > end_loaded_at, false) as is_after_end,

        ----------  timestamps
        end_loaded_at,
        loaded_at

    from described

)

select * from revisions

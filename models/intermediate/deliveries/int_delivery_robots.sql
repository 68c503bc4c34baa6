{{ config(materialized="view") }}

with

assignment_windows as (

    select * from {{ ref("int_assignment_windows") }}

),

deliveries as (

    select * from {{ ref("int_deliveries") }}

),

-- A robot may be assigned to a delivery several times: its last assignment counts.
robots_of_delivery as (

    select
        delivery_id,
        robot_id,
        max(assignment_number) as assignment_number,
        max(assigned_at) as assigned_at,
        max(case when basis = 'inferred' then 1 else 0 end) as inferred

    from assignment_windows

    group by delivery_id, robot_id

),

-- The robot of the outcome is the one that the event of the outcome names, else the last one.
robot_sequence as (

    select
        robots_of_delivery.delivery_id,
        robots_of_delivery.robot_id,
        row_number() over (
            partition by robots_of_delivery.delivery_id
            order by
                case when robots_of_delivery.robot_id = deliveries.outcome_robot_id then 0 else 1 end,
                robots_of_delivery.assignment_number desc
        ) as robot_order,
        count(*) over (partition by robots_of_delivery.delivery_id) as robot_count,
        max(robots_of_delivery.inferred) over (partition by robots_of_delivery.delivery_id) as inferred,
        lag(robots_of_delivery.delivery_id) over (
            partition by robots_of_delivery.robot_id
            order by robots_of_delivery.assigned_at, robots_of_delivery.delivery_id
        ) as previous_delivery_id,
        lead(robots_of_delivery.delivery_id) over (
            partition by robots_of_delivery.robot_id
            order by robots_of_delivery.assigned_at, robots_of_delivery.delivery_id
        ) as next_delivery_id

    from robots_of_delivery

    left join deliveries
        on robots_of_delivery.delivery_id = deliveries.delivery_id

),

last_robots as (

    select
        ----------  ids
        delivery_id,
        robot_id,
        previous_delivery_id,
        next_delivery_id,

        ----------  text
        case when inferred = 1 then 'inferred' else 'reported' end as window_basis,

        ----------  numerics
        robot_count

    from robot_sequence

    where robot_order = 1

)

select * from last_robots

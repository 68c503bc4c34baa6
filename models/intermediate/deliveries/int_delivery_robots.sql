{{ config(materialized="view") }}

with

assignment_windows as (

    select * from {{ ref("int_assignment_windows") }}

),

-- A robot may be assigned to a delivery several times: its last assignment counts.
robots_of_delivery as (

    select
        delivery_id,
        robot_id,
        max(assigned_at) as assigned_at

    from assignment_windows

    group by delivery_id, robot_id

),

robot_sequence as (

    select
        delivery_id,
        robot_id,
        row_number() over (
            partition by delivery_id
            order by assigned_at desc, robot_id asc
        ) as robot_order,
        count(*) over (partition by delivery_id) as robot_count,
        lag(delivery_id) over (partition by robot_id order by assigned_at, delivery_id) as previous_delivery_id,
        lead(delivery_id) over (partition by robot_id order by assigned_at, delivery_id) as next_delivery_id

    from robots_of_delivery

),

last_robots as (

    select
        ----------  ids
        delivery_id,
        robot_id,
        previous_delivery_id,
        next_delivery_id,

        ----------  numerics
        robot_count

    from robot_sequence

    where robot_order = 1

)

select * from last_robots

-- Roles, and the users that the pipeline signs in as. Run by an administrator, once.
--
-- loader         the COPY JOB and backfills: writes event lines
-- transformer    dbt: reads the raw layer, owns its own schemas
-- keeper         retention, erasure and audit: takes raw lines away; nobody has it until they are used
-- analyst        people who write SQL: read the marts
-- sigma          Sigma's service account: reads the marts
-- developer      people who work on the models: read what dbt made, and build in schemas of their own
--                (7_developer.sql)
--
-- Roles own nothing on Redshift, so users do. With `password disable` they sign in through IAM.

create role loader;
create role transformer;
create role keeper;
create role analyst;
create role sigma;
create role developer;

create user event_loader password disable;
create user dbt password disable;
create user sigma_service password disable;

grant role loader to event_loader;
grant role transformer to dbt;
grant role sigma to sigma_service;

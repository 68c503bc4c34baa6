-- Rights: who may do what. Run by an administrator after 1 and 2; running it again is harmless.
-- `dev` is the database. The schemas are those of dbt's `schema: fleet` in profiles.yml.
--
-- dbt grants analyst and sigma what they read when it creates a table: see `grants` in
-- dbt_project.yml.

-- Redshift lets every user create tables in `public`: there anybody could leave a table that a query
-- without a schema takes for another.
revoke create on schema public from public;

-- loader: adds lines, reads none, changes none.
grant usage on schema event_log to role loader;
grant insert on event_log.event_lines to role loader;
grant insert on event_log.rejected_lines to role loader;
grant create for copy jobs in database dev to role loader;

-- transformer: reads the raw layer, and writes where its user owns the schema.
grant usage on schema event_log to role transformer;
grant select on all tables in schema event_log to role transformer;
grant temporary on database dev to role transformer;

-- keeper: takes old raw lines away (`fleet retention`) and those of an order (`fleet erase`), and keeps what COPY did
-- (`fleet audit`). No night needs it, so nobody has it until somebody gives it: grant role keeper to dbt.
grant insert, delete on event_log.event_lines to role keeper;
grant delete on event_log.rejected_lines to role keeper;
grant insert on event_log.erased_ids to role keeper;
grant insert on event_log.copied_files to role keeper;

create schema if not exists fleet_seeds authorization dbt;
create schema if not exists fleet_staging authorization dbt;
create schema if not exists fleet_intermediate authorization dbt;
create schema if not exists fleet_marts authorization dbt;
create schema if not exists fleet_runs authorization dbt;

-- analyst, sigma: see the marts. By default privileges too: dbt gives its grants after a table is there, and a new mart
-- is to be read at once.
grant usage on schema fleet_marts to role analyst;
grant usage on schema fleet_marts to role sigma;
alter default privileges for user dbt in schema fleet_marts grant select on tables to role analyst;
alter default privileges for user dbt in schema fleet_marts grant select on tables to role sigma;

-- developer: reads the raw layer and all that dbt makes, so that a run of theirs may defer to it.
grant usage on schema event_log to role developer;
grant select on all tables in schema event_log to role developer;
grant temporary on database dev to role developer;
grant usage on schema fleet_seeds to role developer;
grant usage on schema fleet_staging to role developer;
grant usage on schema fleet_intermediate to role developer;
grant usage on schema fleet_marts to role developer;
grant select on all tables in schema fleet_seeds to role developer;
grant select on all tables in schema fleet_staging to role developer;
grant select on all tables in schema fleet_intermediate to role developer;
grant select on all tables in schema fleet_marts to role developer;
alter default privileges for user dbt in schema fleet_seeds grant select on tables to role developer;
alter default privileges for user dbt in schema fleet_staging grant select on tables to role developer;
alter default privileges for user dbt in schema fleet_intermediate grant select on tables to role developer;
alter default privileges for user dbt in schema fleet_marts grant select on tables to role developer;

-- What each schema is for, where readers look. Tables, views and columns have the descriptions of the models.
comment on schema event_log is 'Raw lines as they were logged, and what could not be read.';
comment on schema fleet_seeds is 'Lists of the registry: events, robot states, reasons, markets, rules of causes.';
comment on schema fleet_staging is 'Events typed and checked, one table for each stream.';
comment on schema fleet_intermediate is 'Private to the models: what marts are made of.';
comment on schema fleet_marts is 'What readers read: delivery sessions, supply hours, the funnel, MTBF, release health, data quality.';
comment on schema fleet_runs is 'Ledgers of dbt runs: what completed, what is open, what its data tests said.';

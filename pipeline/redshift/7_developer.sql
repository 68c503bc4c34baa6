-- A developer, and schemas of their own beside those of production. Run by an administrator, once for each: replace
-- `ann` everywhere. Schemas for pull requests, `pr`, are made in the same way.
--
-- dbt builds there with FLEET_SCHEMA=ann (docs/developing.md). It reads the raw layer of production and writes none
-- of it, and its ledger of runs, ann_runs, is its own: neither schema's runs wait for the other's.

create user ann password disable;
grant role developer to ann;

create schema if not exists ann_seeds authorization ann;
create schema if not exists ann_staging authorization ann;
create schema if not exists ann_intermediate authorization ann;
create schema if not exists ann_marts authorization ann;
create schema if not exists ann_runs authorization ann;

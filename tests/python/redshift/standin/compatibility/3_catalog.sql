-- What dbt-redshift reads of Redshift's catalog: distribution and sort keys, SVV_* views and SHOW. Views: 4_views.sql.
create table redshift.table_keys (relation oid primary key, diststyle text, sortkeys text[], interleaved boolean);
-- Of 4_views.sql. A late-binding view: what it reads, and the columns that these had when it was last looked at.
-- A materialized view: its table, its query, and the statement that made it.
create table redshift.late_binding_views (relation oid primary key, definition text, read text[], seen text);
create table redshift.materialized_views (relation oid primary key, content text, definition text, written text, is_refreshed boolean);
grant select, insert, update, delete on redshift.table_keys, redshift.late_binding_views, redshift.materialized_views to public;

-- definitions.py leaves the keys in a comment of the statement: they can be checked only once the columns exist.
create function redshift.keep_keys() returns event_trigger language plpgsql security definer set search_path = pg_catalog as
$$ declare
    made record;
    keys jsonb := (regexp_match(current_query(), '/\*keys (.*?) keys\*/'))[1]::jsonb;
    key text;
    type text;
begin
    for made in select * from pg_event_trigger_ddl_commands() where command_tag in ('CREATE TABLE', 'CREATE TABLE AS') loop
        for key in
            select keys ->> 'distkey' where keys ->> 'distkey' is not null
            union all select jsonb_array_elements_text(keys -> 'sortkeys')
        loop
            select format_type(atttypid, null) into type from pg_attribute
            where attrelid = made.objid and attname = key and attnum > 0;
            if type is null then raise exception 'column "%" named in the DISTKEY or SORTKEY does not exist', key; end if;
            if type = 'jsonb' then raise exception 'SUPER column "%" cannot be a distribution or sort key', key; end if;
        end loop;
        for key in select jsonb_array_elements_text(keys -> 'columns') loop
            if not exists (select 1 from pg_attribute where attrelid = made.objid and attname = key and attnum > 0) then
                raise exception 'column "%" named in key does not exist', key;
            end if;
        end loop;
        for key in select jsonb_array_elements_text(keys -> 'tables') loop
            if to_regclass(key) is null then raise exception 'relation "%" does not exist', key; end if;
        end loop;
        insert into redshift.table_keys values (
            made.objid, keys ->> 'diststyle', array(select jsonb_array_elements_text(keys -> 'sortkeys')),
            coalesce((keys ->> 'interleaved')::boolean, false)
        ) on conflict do nothing;
        for key in
            select attname || ' ' || format_type(atttypid, atttypmod) from pg_attribute join pg_type on atttypid = pg_type.oid
            where attrelid = made.objid and attnum > 0 and (typcategory = 'A' or typname in ('json', 'uuid', 'xml', 'money', 'interval'))
        loop
            raise exception 'column % has a type that Redshift does not have', key;
        end loop;
    end loop;
end $$;
create event trigger keep_keys on ddl_command_end when tag in ('CREATE TABLE', 'CREATE TABLE AS') execute function redshift.keep_keys();

create function redshift.format_type(type oid, modifier integer) returns text language sql stable as
$$ select replace(pg_catalog.format_type(type, modifier), 'jsonb', 'super') $$;
create view redshift.columns as
select
    table_catalog, table_schema, table_name, column_name, ordinal_position, column_default, is_nullable,
    replace(data_type, 'jsonb', 'super') as data_type, character_maximum_length, numeric_precision, numeric_scale
from information_schema.columns;
grant select on redshift.columns to public;

create view pg_catalog.svv_external_columns as
select null::text as schemaname, null::text as tablename, null::text as columnname, null::text as external_type, null::integer as columnnum
where false;

create view pg_catalog.svv_table_info as
select
    current_database()::text as database, nspname::text as schema, pg_class.oid::integer as table_id,
    coalesce(split_part(materialized_views.relation::regclass::text, '.', 2), relname)::text as table,
    'Y'::text as encoded, coalesce(diststyle, 'AUTO(ALL)') as diststyle, case when interleaved then 'INTERLEAVED' else coalesce(sortkeys[1], 'AUTO(SORTKEY)') end as sortkey1,
    65535 as max_varchar, 'none'::text as sortkey1_enc, coalesce(cardinality(sortkeys), 0) as sortkey_num, 1::bigint as size,
    0::numeric(10, 4) as pct_used, 0::numeric(5, 2) as unsorted, 0::numeric(5, 2) as stats_off, reltuples::numeric(38, 0) as tbl_rows,
    1::numeric(19, 2) as skew_sortkey1, 1::numeric(19, 2) as skew_rows
from pg_class
join pg_namespace on pg_namespace.oid = relnamespace
left join redshift.table_keys on table_keys.relation = pg_class.oid
left join redshift.materialized_views on to_regclass(content) = pg_class.oid
where relkind = 'r' and nspname not in ('information_schema', 'redshift') and nspname not like 'pg\_%';

create view pg_catalog.svv_redshift_columns as
select
    table_catalog::text as database_name, table_schema::text as schema_name, table_name::text, column_name::text,
    ordinal_position::integer, data_type::text, column_default::text, is_nullable::text, null::text as encoding, false as distkey,
    0 as sortkey, null::text as column_acl, null::text as remarks
from redshift.columns;

-- Groups and roles are roles without a login here; the name alone tells which one was meant.
create view pg_catalog.svv_relation_privileges as
select
    nspname::text as namespace_name, relname::text as relation_name, privilege_type::text, grantee.rolname::text as identity_name,
    case when grantee.rolcanlogin then 'user' else 'role' end as identity_type
from pg_class
join pg_namespace on pg_namespace.oid = relnamespace
cross join lateral aclexplode(relacl)
join pg_roles as grantee on grantee.oid = aclexplode.grantee
where relkind in ('r', 'v') and aclexplode.grantee <> relowner;
grant select on pg_catalog.svv_external_columns, pg_catalog.svv_table_info, pg_catalog.svv_redshift_columns, pg_catalog.svv_relation_privileges to public;

create function redshift.show_tables(schema_name text) returns table (
    database_name text, schema_name text, table_name text, table_type text, table_acl text, remarks text, owner text,
    last_altered_time timestamp, last_modified_time timestamp, dist_style text, table_subtype text
) language sql stable as
$$ select
    current_database()::text, nspname::text, relname::text, case relkind when 'r' then 'TABLE' else 'VIEW' end, null::text,
    obj_description(pg_class.oid, 'pg_class'), pg_get_userbyid(relowner)::text, null::timestamp, null::timestamp, diststyle,
    case
        when relkind = 'r' then 'REGULAR TABLE'
        when pg_class.oid in (select late_binding_views.relation from redshift.late_binding_views) then 'LATE BINDING VIEW'
        when pg_class.oid in (select materialized_views.relation from redshift.materialized_views) then 'MATERIALIZED VIEW'
        else 'REGULAR VIEW'
    end
from pg_class
join pg_namespace on pg_namespace.oid = relnamespace
left join redshift.table_keys on relation = pg_class.oid
where relkind in ('r', 'v') and nspname = $1 and relname not like 'mv\_tbl\_\_%' $$;

create function redshift.show_columns(schema_name text, table_name text) returns table (
    database_name text, schema_name text, table_name text, column_name text, ordinal_position integer, column_default text,
    is_nullable text, data_type text, character_maximum_length integer, numeric_precision integer, numeric_scale integer, remarks text
) language sql stable as
$$ select
    table_catalog::text, table_schema::text, table_name::text, column_name::text, ordinal_position::integer, column_default::text,
    is_nullable::text, data_type::text, character_maximum_length::integer, numeric_precision::integer, numeric_scale::integer, null::text
from redshift.columns where table_schema = $1 and columns.table_name = $2 order by 5 $$;

create function redshift.show_schemas(pattern text) returns table (
    database_name text, schema_name text, schema_owner text, schema_type text, schema_acl text, source_database text, schema_option text
) language sql stable as
$$ select current_database()::text, nspname::text, pg_get_userbyid(nspowner)::text, 'local', null::text, null::text, null::text
from pg_namespace
where nspname not like 'pg\_%' and nspname not in ('redshift', 'information_schema') and (pattern is null or nspname like pattern) $$;

create function redshift.show_grants(schema_name text, table_name text) returns table (
    database_name text, schema_name text, object_name text, object_type text, privilege_type text, identity_id integer,
    identity_name text, identity_type text, admin_option boolean, privilege_scope text, grantor_name text
) language sql stable as
$$ select
    current_database()::text, namespace_name, relation_name, 'TABLE', privilege_type, null::integer, identity_name, identity_type,
    false, 'TABLE', null::text
from svv_relation_privileges where namespace_name = $1 and relation_name = $2 $$;
grant execute on all functions in schema redshift to public;

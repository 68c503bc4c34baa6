-- Views as Redshift has them: none that rows are written into, late-binding ones, materialized ones.

-- r_CREATE_VIEW: no rows are written into a view; PostgreSQL writes them into the table below a simple one.
create function redshift.refuse_rows() returns trigger language plpgsql as
$$ begin raise exception 'rows of view % cannot be changed', tg_relid::regclass; end $$;
create function redshift.keep_views() returns event_trigger language plpgsql security definer set search_path = pg_catalog as
$$ declare made record; begin
    for made in select * from pg_event_trigger_ddl_commands() where command_tag = 'CREATE VIEW' loop
        execute format(
            'create or replace trigger refuse_rows instead of insert or update or delete on %s'
            ' for each row execute function redshift.refuse_rows()',
            made.objid::regclass
        );
    end loop;
end $$;
create event trigger keep_views on ddl_command_end when tag in ('CREATE VIEW') execute function redshift.keep_views();

-- A late-binding view reads its definition anew each time, so what it reads can be dropped, made again or made later.
-- PostgreSQL must know its columns all the same: server.py has them looked at again (fit_late_binding_views) before a
-- statement that names the view.

-- Its reader needs no right below it, its owner does (r_CREATE_VIEW); here the administrator's is taken.
create function redshift.read_late(definition text) returns setof record language plpgsql security definer as
$$ begin return query execute definition; end $$;

create function redshift._columns_of(relations text[]) returns text language sql stable as
$$ select coalesce(string_agg(format('%s %s %s', attname, atttypid, atttypmod), ', ' order by place, attnum), '')
from unnest(relations) with ordinality as named (relation, place)
join pg_attribute on attrelid = to_regclass(relation) and attnum > 0 and not attisdropped $$;

-- The SELECT of a late-binding view; one of no columns while a relation is absent.
create function redshift._late(definition text, read text[]) returns text language plpgsql as
$$ declare columns text; begin
    if exists (select 1 from unnest(read) as named (relation) where to_regclass(relation) is null) then return 'select'; end if;
    execute 'create temp view late_probe as ' || definition;
    select string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', ' order by attnum) into columns
    from pg_attribute where attrelid = 'pg_temp.late_probe'::regclass and attnum > 0;
    drop view pg_temp.late_probe;
    if columns is null then return 'select'; end if;
    return format('select * from redshift.read_late(%L) as late (%s)', definition, columns);
end $$;

create function redshift.create_late_binding_view(name text, definition text, read text) returns text language plpgsql as
$$ declare relations text[] := array(select jsonb_array_elements_text(read::jsonb)); begin
    execute format('create view %s as %s', name, redshift._late(definition, relations));
    insert into redshift.late_binding_views values (name::regclass, definition, relations, redshift._columns_of(relations));
    return 'CREATE VIEW';
end $$;

create function redshift.replace_late_binding_view(name text, definition text, read text) returns text language plpgsql as
$$ begin
    if to_regclass(name) is null then return redshift.create_late_binding_view(name, definition, read); end if;
    update redshift.late_binding_views
    set definition = $2, read = array(select jsonb_array_elements_text($3::jsonb)), seen = null where relation = name::regclass;
    if not found then raise exception 'stand-in: % binds its tables, and is not replaced by a view that does not', name; end if;
    perform redshift._fit(name::regclass);
    return 'CREATE VIEW';
end $$;

-- Make a late-binding view anew whose columns are no longer those of what it reads; owner, rights and comment stay.
create function redshift._fit(view regclass) returns void language plpgsql security definer as
$$ declare
    late redshift.late_binding_views;
    name text := view::text;
    columns text;
    absent text;
    was record;
    given record;
begin
    select * into late from redshift.late_binding_views where relation = view;
    if not found then return; end if;
    perform redshift._fit(to_regclass(relation)) from unnest(late.read) as named (relation) where to_regclass(relation) is not null;
    select relation into absent from unnest(late.read) as named (relation) where to_regclass(relation) is null;
    if absent is not null then raise exception using errcode = '42P01', message = format('relation "%s" does not exist', absent); end if;
    columns := redshift._columns_of(late.read);
    if columns is not distinct from late.seen then return; end if;
    select relowner::regrole as owner, obj_description(view) as comment, array(
        select format('grant %s on %s to %s', privilege_type, name, case when grantee = 0 then 'public' else grantee::regrole::text end)
        from aclexplode(relacl)
    ) as grants into was from pg_class where oid = view;
    execute format('drop view %s', name);
    execute format('create view %s as %s', name, redshift._late(late.definition, late.read));
    execute format('alter view %s owner to %s', name, was.owner);
    execute format('comment on view %s is %L', name, was.comment);
    for given in select grant_ from unnest(was.grants) as of_ (grant_) loop execute given.grant_; end loop;
    insert into redshift.late_binding_views values (name::regclass, late.definition, late.read, columns);
end $$;

create function redshift.fit_late_binding_views(names text[]) returns void language sql as
$$ select redshift._fit(to_regclass(name)) from unnest(names) as named (name) where to_regclass(name) is not null $$;

create function pg_catalog.pg_get_late_binding_view_cols() returns setof record language sql stable as
$$ select
    pg_namespace.nspname, pg_class.relname, attname, redshift.format_type(atttypid, atttypmod)::varchar, attnum::integer
from redshift.late_binding_views
join pg_class on pg_class.oid = relation
join pg_namespace on pg_namespace.oid = relnamespace
join pg_attribute on attrelid = relation and attnum > 0 $$;

-- materialized-view-create-sql-command: a view over a table of its own, as Redshift has it (mv_tbl__<name>__0). The second half
-- of the view has no rows: by it PostgreSQL knows what the view depends on.
create function redshift._content_of(name text) returns text language sql immutable as
$$ select array_to_string(array(
    select format('%I', case when place = cardinality(parts) then 'mv_tbl__' || part || '__0' else part end)
    from unnest(parts) with ordinality as named (part, place) order by place
), '.') from parse_ident(name) as parsed (parts) $$;

create function redshift.create_materialized_view(name text, definition text, written text, is_refreshed text)
returns text language plpgsql as
$$ declare content text := redshift._content_of(name); begin
    execute format('create table %s as %s', content, definition);
    execute format('create view %s as select * from %s union all select * from (%s) as base where false', name, content, definition);
    insert into redshift.materialized_views values (name::regclass, content, definition, written, is_refreshed::boolean);
    return 'CREATE MATERIALIZED VIEW';
end $$;

create function redshift.refresh_materialized_view(name text) returns text language plpgsql as
$$ declare made redshift.materialized_views; begin
    select * into made from redshift.materialized_views where relation = name::regclass;
    if not found then raise exception '"%" is not a materialized view', name; end if;
    execute format('delete from %s', made.content);
    execute format('insert into %s %s', made.content, made.definition);
    return 'REFRESH';
end $$;

create function redshift.alter_materialized_view(name text, is_refreshed text) returns text language plpgsql as
$$ begin
    update redshift.materialized_views set is_refreshed = $2::boolean where relation = name::regclass;
    if not found then raise exception '"%" is not a materialized view', name; end if;
    return 'ALTER MATERIALIZED VIEW';
end $$;

-- With the view its table goes, and what is known of it.
create function redshift.forget_views() returns event_trigger language plpgsql security definer as
$$ declare content_ text; begin
    delete from redshift.late_binding_views where relation in (select objid from pg_event_trigger_dropped_objects());
    for content_ in
        delete from redshift.materialized_views where relation in (select objid from pg_event_trigger_dropped_objects()) returning content
    loop
        execute format('drop table if exists %s', content_);
    end loop;
end $$;
create event trigger forget_views on sql_drop when tag in ('DROP VIEW', 'DROP TABLE', 'DROP SCHEMA', 'DROP OWNED')
execute function redshift.forget_views();

-- By their definitions dbt-redshift tells materialized views from others.
create view redshift.pg_views as
select schemaname, viewname, viewowner, coalesce(written, definition_) as definition
from pg_catalog.pg_views as named (schemaname, viewname, viewowner, definition_)
left join redshift.materialized_views on relation = to_regclass(format('%I.%I', schemaname, viewname));
create view redshift.views as
select
    table_catalog, table_schema, table_name,
    coalesce(written, view_definition)::text as view_definition, check_option, is_updatable, is_insertable_into
from information_schema.views
left join redshift.materialized_views on relation = to_regclass(format('%I.%I', table_schema, table_name));

create view pg_catalog.svv_mv_info as
select
    current_database()::text as database_name, nspname::text as schema_name, pg_get_userbyid(relowner)::text as user_name,
    relname::text as name, 'f'::text as is_stale, 1 as state, is_refreshed::integer as autorefresh, 0 as autorewrite
from redshift.materialized_views
join pg_class on pg_class.oid = relation
join pg_namespace on pg_namespace.oid = relnamespace;

-- The keys of a materialized view are columns of its table's rows here.
create view redshift.pg_attribute as
select
    attribute.*, coalesce('KEY(' || attname || ')' = diststyle, false) as attisdistkey,
    coalesce(array_position(sortkeys, attname::text), 0) as attsortkeyord
from pg_catalog.pg_attribute as attribute
left join redshift.table_keys on relation = attrelid;
grant select on redshift.pg_views, redshift.views, redshift.pg_attribute, pg_catalog.svv_mv_info to public;
grant execute on all functions in schema redshift to public;

-- SUPER as jsonb: navigation, lax casts (a value of another type is NULL, never an error; an object or array
-- as varchar is NULL). Redshift Developer Guide: query-super, limitations-super.
set check_function_bodies = off;
create schema redshift;
grant usage on schema redshift to public;

create function redshift.navigate(document jsonb, variadic path text[]) returns jsonb language sql immutable as
$$ select nullif(document #> path, 'null'::jsonb) $$;

create function redshift.super_to_text(value jsonb) returns text language sql immutable as
$$ select case when jsonb_typeof(value) not in ('object', 'array', 'null') then value #>> '{}' end $$;

create function redshift.super_to_varchar(value jsonb) returns varchar language sql immutable as
$$ select redshift.super_to_text(value)::varchar $$;

create function redshift.super_to_numeric(value jsonb) returns numeric language plpgsql immutable as
$$ begin
    return case jsonb_typeof(value)
        when 'number' then (value #>> '{}')::numeric
        when 'string' then (value #>> '{}')::numeric
        when 'boolean' then (value = 'true'::jsonb)::integer
    end;
exception when others then return null;
end $$;

create function redshift.super_to_bigint(value jsonb) returns bigint language plpgsql immutable as
$$ begin return redshift.super_to_numeric(value)::bigint; exception when others then return null; end $$;

create function redshift.super_to_integer(value jsonb) returns integer language plpgsql immutable as
$$ begin return redshift.super_to_numeric(value)::integer; exception when others then return null; end $$;

-- One too small for a double is 0, one too large is NULL. (What Redshift does with these is not documented.)
create function redshift.super_to_double(value jsonb) returns double precision language plpgsql immutable as
$$ begin return redshift.super_to_numeric(value)::double precision;
exception when others then
    return case when abs(redshift.super_to_numeric(value)) < 1 then 0 end;
end $$;

create function redshift.super_to_boolean(value jsonb) returns boolean language plpgsql immutable as
$$ begin
    return case jsonb_typeof(value)
        when 'boolean' then value = 'true'::jsonb
        when 'string' then (value #>> '{}')::boolean
    end;
exception when others then return null;
end $$;

create function redshift.super_to_timestamp(value jsonb) returns timestamp language plpgsql stable as
$$ begin return redshift.super_to_text(value)::timestamp; exception when others then return null; end $$;

create function redshift.super_to_timestamptz(value jsonb) returns timestamptz language plpgsql stable as
$$ begin return redshift.super_to_text(value)::timestamptz; exception when others then return null; end $$;

create function redshift.super_to_date(value jsonb) returns date language plpgsql stable as
$$ begin return redshift.super_to_text(value)::date; exception when others then return null; end $$;

-- A column and a literal are equal. SUPER equals a text if it is that text, a number if it is that number.
create function redshift.is_text(value jsonb, literal text) returns boolean language sql immutable as
$$ select value = to_jsonb(literal) $$;
create function redshift.is_text(value anycompatible, literal anycompatible) returns boolean language sql immutable as
$$ select value = literal $$;
create function redshift.is_number(value jsonb, literal numeric) returns boolean language sql immutable as
$$ select value = to_jsonb(literal) $$;
create function redshift.is_number(value anycompatible, literal anycompatible) returns boolean language sql immutable as
$$ select value = literal $$;

delete from pg_cast where castsource = 'jsonb'::regtype;
create cast (jsonb as text) with function redshift.super_to_text(jsonb);
create cast (jsonb as varchar) with function redshift.super_to_varchar(jsonb);
create cast (jsonb as numeric) with function redshift.super_to_numeric(jsonb);
create cast (jsonb as bigint) with function redshift.super_to_bigint(jsonb);
create cast (jsonb as integer) with function redshift.super_to_integer(jsonb);
create cast (jsonb as double precision) with function redshift.super_to_double(jsonb);
create cast (jsonb as boolean) with function redshift.super_to_boolean(jsonb);
create cast (jsonb as timestamp) with function redshift.super_to_timestamp(jsonb);
create cast (jsonb as timestamptz) with function redshift.super_to_timestamptz(jsonb);
create cast (jsonb as date) with function redshift.super_to_date(jsonb);

-- No cast from a boolean to text on Redshift; without one of its own PostgreSQL would make the text all the same.
create function redshift.boolean_to_text(boolean) returns text language plpgsql as
$$ begin raise exception 'cannot cast type boolean to character varying'; end $$;
create function redshift.boolean_to_varchar(boolean) returns varchar language plpgsql as
$$ begin raise exception 'cannot cast type boolean to character varying'; end $$;
delete from pg_cast where castsource = 'boolean'::regtype and casttarget in ('text'::regtype, 'varchar'::regtype);
create cast (boolean as text) with function redshift.boolean_to_text(boolean);
create cast (boolean as varchar) with function redshift.boolean_to_varchar(boolean);

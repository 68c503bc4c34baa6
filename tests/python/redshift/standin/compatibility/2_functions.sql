-- Functions that Redshift and PostgreSQL both have, or Redshift alone, with Redshift's results.
-- translate.py sends a call of any name made here to this schema. Redshift Developer Guide: r_DATEADD_function,
-- r_DATEDIFF_function, r_DATE_TRUNC, r_EXTRACT_function, r_GETDATE, r_AVG, r_LEN, r_CONCAT, r_GETBIT, json-functions.
-- A name that begins with _ is for this file alone.
create function redshift._date_unit(part text) returns text language sql immutable as
$$ select case
    when part in ('millisecond', 'milliseconds', 'ms', 'msec') then 'milliseconds'
    when part in ('microsecond', 'microseconds', 'us', 'usec') then 'microseconds'
    when part in ('second', 'seconds', 'sec', 's') then 'second'
    when part in ('minute', 'minutes', 'min', 'm') then 'minute'
    when part in ('hour', 'hours', 'hr', 'h') then 'hour'
    when part in ('day', 'days', 'd') then 'day'
    when part in ('week', 'weeks', 'w') then 'week'
    when part in ('month', 'months', 'mon') then 'month'
    when part in ('quarter', 'quarters', 'qtr') then 'quarter'
    when part in ('year', 'years', 'yr', 'y') then 'year'
end $$;

-- Intervals as literals: PostgreSQL puts a function into the statement only if all in it is immutable.
create function redshift._units(part text, number bigint) returns interval language sql immutable as
$$ select number * case redshift._date_unit(part)
    when 'microseconds' then interval '1 microsecond'
    when 'milliseconds' then interval '1 millisecond'
    when 'second' then interval '1 second'
    when 'minute' then interval '1 minute'
    when 'hour' then interval '1 hour'
    when 'day' then interval '1 day'
    when 'week' then interval '1 week'
    when 'month' then interval '1 month'
    when 'quarter' then interval '3 months'
    when 'year' then interval '1 year'
end $$;

create function redshift.dateadd(part text, number bigint, start timestamp) returns timestamp language sql immutable as
$$ select start + redshift._units(part, number) $$;
create function redshift.dateadd(part text, number bigint, start timestamptz) returns timestamptz language sql immutable as
$$ select start + redshift._units(part, number) $$;
create function redshift.dateadd(part text, number bigint, start date) returns timestamp language sql immutable as
$$ select start::timestamp + redshift._units(part, number) $$;

-- Counts the boundaries that lie between the two, so the parts below the unit do not matter.
create function redshift.datediff(part text, start timestamp, finish timestamp) returns bigint language sql immutable as
$$ select cast(case redshift._date_unit(part)
    when 'year' then date_part('year', finish) - date_part('year', start)
    when 'quarter' then
        date_part('year', finish) * 4 + date_part('quarter', finish) - date_part('year', start) * 4 - date_part('quarter', start)
    when 'month' then
        date_part('year', finish) * 12 + date_part('month', finish) - date_part('year', start) * 12 - date_part('month', start)
    when 'week' then (date_trunc('week', finish)::date - date_trunc('week', start)::date) / 7
    when 'day' then finish::date - start::date
    when 'hour' then extract(epoch from date_trunc('hour', finish) - date_trunc('hour', start)) / 3600
    when 'minute' then extract(epoch from date_trunc('minute', finish) - date_trunc('minute', start)) / 60
    when 'second' then extract(epoch from date_trunc('second', finish) - date_trunc('second', start))
    when 'milliseconds' then floor(extract(epoch from finish) * 1000) - floor(extract(epoch from start) * 1000)
    when 'microseconds' then (extract(epoch from finish) - extract(epoch from start)) * 1000000
end as bigint) $$;
create function redshift.datediff(part text, start timestamptz, finish timestamptz) returns bigint language sql immutable as
$$ select redshift.datediff(part, start at time zone 'UTC', finish at time zone 'UTC') $$;
create function redshift.datediff(part text, start date, finish date) returns bigint language sql immutable as
$$ select redshift.datediff(part, start::timestamp, finish::timestamp) $$;

-- PostgreSQL's date_trunc() makes a timestamptz of a date.
create function redshift.date_trunc(part text, value date) returns timestamp language sql immutable as
$$ select pg_catalog.date_trunc(part, value::timestamp) $$;
create function redshift.date_trunc(part text, value timestamp) returns timestamp language sql immutable as
$$ select pg_catalog.date_trunc(part, value) $$;
create function redshift.date_trunc(part text, value timestamptz) returns timestamptz language sql stable as
$$ select pg_catalog.date_trunc(part, value) $$;

-- An integer of a timestamp, so that the epoch has no fraction; double precision of a timestamptz.
create function redshift.date_part(part text, value timestamp) returns integer language sql immutable as
$$ select trunc(pg_catalog.date_part(part, value))::integer $$;
create function redshift.date_part(part text, value date) returns integer language sql immutable as
$$ select trunc(pg_catalog.date_part(part, value))::integer $$;
create function redshift.date_part(part text, value timestamptz) returns double precision language sql stable as
$$ select pg_catalog.date_part(part, value) $$;

create function redshift.last_day(value timestamp) returns date language sql immutable as
$$ select (pg_catalog.date_trunc('month', value) + interval '1 month - 1 day')::date $$;

-- Whole seconds, of the statement; sysdate has microseconds and is of the transaction.
create function redshift.getdate() returns timestamp language sql stable as
$$ select pg_catalog.date_trunc('second', statement_timestamp() at time zone 'UTC') $$;
create function redshift.sysdate() returns timestamp language sql stable as
$$ select transaction_timestamp() at time zone 'UTC' $$;

create function redshift.len(text) returns integer language sql immutable as
$$ select char_length($1) $$;
create function redshift.textlen(text) returns integer language sql immutable as
$$ select char_length($1) $$;
-- VARBYTE is bytea here; bits count from the last one.
create function redshift.from_hex(text) returns bytea language sql immutable as
$$ select decode($1, 'hex') $$;
create function redshift.getbit(value bytea, index integer) returns integer language sql immutable as
$$ select get_byte(value, octet_length(value) - 1 - index / 8) >> index % 8 & 1 $$;
-- r_query_group; translate.py sets it.
create function redshift.current_setting(name text) returns text language sql stable as
$$ select case name
    when 'query_group' then coalesce(nullif(pg_catalog.current_setting('redshift.query_group', true), ''), 'unset')
    else pg_catalog.current_setting(name)
end $$;
-- r_Character_types: a VARCHAR(n) has n bytes. A character is in it or not.
create function redshift._cut(value text, bytes integer) returns text language plpgsql immutable as
$$ declare whole bytea := convert_to(value, 'UTF8'); begin
    while get_byte(whole, bytes) between 128 and 191 loop bytes := bytes - 1; end loop;
    return convert_from(substring(whole for bytes), 'UTF8');
end $$;
create function redshift.first_bytes(value text, bytes integer) returns text language sql immutable as
$$ select case when octet_length(value) <= bytes then value else redshift._cut(value, bytes) end $$;
-- Two arguments and no more; NULL if one is NULL.
create function redshift.concat(text, text) returns text language sql immutable as
$$ select $1 || $2 $$;

-- The average of integers is a truncated bigint. PostgreSQL would find its own avg() for any type not
-- declared here, so each is; a decimal's scale cannot be known here, so it must be cast.
create function redshift._add_integer(bigint[], bigint) returns bigint[] language sql immutable as
$$ select case when $2 is null then $1 else array[$1[1] + $2, $1[2] + 1] end $$;
create function redshift._add_integer(bigint[], integer) returns bigint[] language sql immutable as
$$ select redshift._add_integer($1, $2::bigint) $$;
create function redshift._add_integer(bigint[], smallint) returns bigint[] language sql immutable as
$$ select redshift._add_integer($1, $2::bigint) $$;
create function redshift._average_integer(bigint[]) returns bigint language sql immutable as
$$ select $1[1] / nullif($1[2], 0) $$;
create function redshift._add_double(double precision[], double precision) returns double precision[] language sql immutable as
$$ select case when $2 is null then $1 else array[$1[1] + $2, $1[2] + 1] end $$;
create function redshift._average_double(double precision[]) returns double precision language sql immutable as
$$ select $1[1] / nullif($1[2], 0) $$;
create function redshift._refuse_decimal(numeric, numeric) returns numeric language plpgsql as
$$ begin raise exception 'stand-in: avg() of a decimal is not emulated, cast it to double precision'; end $$;
create aggregate redshift.avg(bigint) (
    sfunc = redshift._add_integer, stype = bigint[], finalfunc = redshift._average_integer, initcond = '{0,0}'
);
create aggregate redshift.avg(integer) (
    sfunc = redshift._add_integer, stype = bigint[], finalfunc = redshift._average_integer, initcond = '{0,0}'
);
create aggregate redshift.avg(smallint) (
    sfunc = redshift._add_integer, stype = bigint[], finalfunc = redshift._average_integer, initcond = '{0,0}'
);
create aggregate redshift.avg(double precision) (
    sfunc = redshift._add_double, stype = double precision[], finalfunc = redshift._average_double, initcond = '{0,0}'
);
create aggregate redshift.avg(numeric) (sfunc = redshift._refuse_decimal, stype = numeric, initcond = '0');

-- super-configurations: an attribute that is there twice is an error. What is parsed is a VARCHAR.
create function redshift.can_json_parse(line text) returns boolean language sql immutable as
$$ select line is json with unique keys and octet_length(line) <= 65535 $$;

create function redshift.json_parse(line text) returns jsonb language plpgsql immutable as
$$ begin
    if octet_length(line) > 65535 then raise exception 'String value exceeds the max size of 65535 bytes'; end if;
    if line is not json with unique keys then raise exception 'JSON parsing error: %', left(line, 80); end if;
    return line::jsonb;
end $$;

-- Redshift writes no space between values; the order of keys is jsonb's. Of NULL it is NULL, of JSON's null a text.
create function redshift._serialized(value jsonb) returns text language sql immutable strict as
$$ select case jsonb_typeof(value)
    when 'object' then '{' || coalesce((
        select string_agg(to_json(key)::text || ':' || redshift._serialized(item), ',') from jsonb_each(value) as items (key, item)
    ), '') || '}'
    when 'array' then '[' || coalesce((
        select string_agg(redshift._serialized(item), ',' order by place)
        from jsonb_array_elements(value) with ordinality as items (item, place)
    ), '') || ']'
    else format('%s', value)
end $$;

create function redshift.json_size(value jsonb) returns integer language sql immutable as
$$ select octet_length(redshift._serialized(value)) $$;

create function redshift.json_serialize(value jsonb) returns text language plpgsql immutable as
$$ declare
    serialized text := redshift._serialized(value);
begin
    if octet_length(serialized) > 65535 then
        raise exception 'JSON format exceeds the varchar limit of 65535 bytes';
    end if;
    return serialized;
end $$;

create function redshift.array_concat(jsonb, jsonb) returns jsonb language sql immutable as
$$ select $1 || $2 $$;

create function redshift.json_typeof(value jsonb) returns text language sql immutable as
$$ select jsonb_typeof(value) $$;

create function redshift.get_array_length(value jsonb) returns bigint language sql immutable as
$$ select case when jsonb_typeof(value) = 'array' then jsonb_array_length(value) end $$;

-- CONVERT_TIMEZONE_function: a timestamp of one zone's wall clock as one of another's; the zones may be columns.
create function redshift.convert_timezone(source text, target text, at timestamp) returns timestamp language sql immutable as
$$ select at at time zone source at time zone target $$;

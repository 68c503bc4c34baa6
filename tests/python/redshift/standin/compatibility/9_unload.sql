-- What UNLOAD would have written to S3: unloading.py.
create table redshift.unloaded (url text, line jsonb);
grant select, insert on redshift.unloaded to public;

create or replace function redshift.json_size(value jsonb) returns bigint language sql immutable strict as
$$ select octet_length(redshift.json_serialize(value))::bigint $$;

-- What UNLOAD would have written to S3: unloading.py.
create table redshift.unloaded (url text, line jsonb);
grant select, insert on redshift.unloaded to public;


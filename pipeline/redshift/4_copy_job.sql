-- Loads each new event file, once, within minutes. Run by event_loader, not in a transaction.
--
-- First the bucket needs an S3 event integration with this warehouse (README.md). A COPY JOB
-- keeps to it by itself: it finds files by name, leaves alone those that were there before it
-- (5_backfill.sql), and takes no manifest, no default role and no MAXERROR.
--
-- 'noshred' keeps each line whole in the one SUPER column, keys that nobody registered included.

copy event_log.event_lines (payload)
from 's3://acme-event-lake/events/v1/'
iam_role 'arn:aws:iam::123456789012:role/redshift-event-reader'
format json 'noshred'
gzip
job create event_lines_copy
auto on;

-- What Vector kept from the lake, with its reason (pipeline/vector/README.md), so that it is counted.
-- truncatecolumns: a varchar holds 65,535 bytes of a line; the whole line stays in S3.
copy event_log.rejected_lines (line, reason)
from 's3://acme-event-lake/rejects/v1/'
iam_role 'arn:aws:iam::123456789012:role/redshift-event-reader'
format json 'auto'
gzip
truncatecolumns
job create rejected_lines_copy
auto on;

-- The jobs, and whether the integration is up: `channel state` must be Established.
select * from svv_copy_job_integrations;

-- Loads each new event file, once, within minutes. Run by event_loader, not in a transaction.
--
-- First the bucket needs an S3 event integration with this warehouse (README.md). A COPY JOB then
-- loads each new file once, by name. It does not load files that were there before it
-- (5_backfill.sql), and it allows no manifest, no default role and no MAXERROR.
--
-- 'noshred' keeps each line whole in the one SUPER column, unregistered keys included.

copy event_log.event_lines (payload)
from 's3://acme-event-lake/events/v1/'
iam_role 'arn:aws:iam::123456789012:role/redshift-event-reader'
format json 'noshred'
gzip
job create event_lines_copy
auto on;

-- Lines that Vector kept out of the lake, with the reason (pipeline/vector/README.md), so that they are counted.
-- truncatecolumns: a varchar holds 65,535 bytes of a line; the whole line stays in S3.
copy event_log.rejected_lines (line, reason)
from 's3://acme-event-lake/rejects/v1/'
iam_role 'arn:aws:iam::123456789012:role/redshift-event-reader'
format json 'auto'
gzip
truncatecolumns
job create rejected_lines_copy
auto on;

-- The jobs, and whether the integration works: `channel state` must be Established.
select * from svv_copy_job_integrations;

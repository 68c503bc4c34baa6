-- Loads files that the COPY JOB does not load: files that were there before it, and files that it
-- tried once and could not load (6_monitoring.sql lists them). Run by event_loader.
--
-- The manifest is a JSON file in S3 that names each file:
--
--   {"entries": [{"url": "s3://acme-event-lake/events/v1/date=2026-11-02/hour=07/a.ndjson.gz", "mandatory": true}]}
--
-- COPY keeps no record of these: loading a file twice only costs space, because staging keeps one
-- row per event_id. A whole prefix loads with `dbt run-operation load_event_lines`.

copy event_log.event_lines (payload)
from 's3://acme-event-lake/backfills/2026-11-02.manifest'
iam_role 'arn:aws:iam::123456789012:role/redshift-event-reader'
format json 'noshred'
gzip
manifest;

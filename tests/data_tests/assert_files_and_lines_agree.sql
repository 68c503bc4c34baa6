-- Nothing is lost between files and tables: the lines that the loader counted in its files are the
-- lines of the load over all streams. A load without files in event_log.loaded_files passes, because
-- there is nothing to compare it with; on Redshift that is every load, because COPY keeps its own record.
select *

from {{ ref("load_reconciliation") }}

where not is_complete

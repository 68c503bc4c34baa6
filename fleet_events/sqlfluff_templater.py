"""The sqlfluff templater ``dbt_offline``: dbt's own, without asking the warehouse anything.

sqlfluff's dbt templater first asks the warehouse which tables exist. That needs a Redshift cluster
to lint the SQL that Redshift gets. Here every table counts as absent, which leaves each model as a
full refresh compiles it, and every query that a model asks finds nothing.
"""

from contextlib import AbstractContextManager

from dbt.adapters.contracts.connection import AdapterResponse
from dbt.adapters.factory import get_adapter
from dbt_common.clients.agate_helper import table_from_rows
from sqlfluff.core.plugin import hookimpl
from sqlfluff_templater_dbt.templater import DbtTemplater


class OfflineDbtTemplater(DbtTemplater):  # type: ignore[misc]
    name = "dbt_offline"

    def connection(self) -> AbstractContextManager[None]:
        adapter = get_adapter(self.dbt_config)
        no_rows = table_from_rows([], [])
        adapter.set_relations_cache = lambda relation_configs: None
        adapter.get_relation = lambda database, schema, identifier: None
        adapter.execute = lambda *arguments, **options: (AdapterResponse("OK"), no_rows)
        connection: AbstractContextManager[None] = super().connection()
        return connection


@hookimpl
def get_templaters() -> list[type[DbtTemplater]]:
    return [OfflineDbtTemplater]

"""The sqlfluff templater ``dbt_offline``: dbt's own, without asking the warehouse anything.

sqlfluff's dbt templater first asks the warehouse which tables exist, and some models ask it for
more while they compile. That needs a Redshift cluster to lint the SQL that Redshift gets. Here
every table counts as absent and every query has no rows, which leaves each model as a full refresh
compiles it.
"""

from contextlib import AbstractContextManager

from dbt.adapters.contracts.connection import AdapterResponse
from dbt.adapters.factory import get_adapter
from dbt_common.clients.agate_helper import table_from_data
from sqlfluff.core.plugin import hookimpl
from sqlfluff_templater_dbt.templater import DbtTemplater

# In the place of an adapter's own.
WITHOUT_WAREHOUSE = {
    "set_relations_cache": lambda *_, **__: None,
    "get_relation": lambda *_, **__: None,
    "execute": lambda *_, **__: (AdapterResponse("offline"), table_from_data([], ["nothing"])),
}


class OfflineDbtTemplater(DbtTemplater):  # type: ignore[misc]
    name = "dbt_offline"

    def connection(self) -> AbstractContextManager[None]:
        for name, answer in WITHOUT_WAREHOUSE.items():
            setattr(get_adapter(self.dbt_config), name, answer)
        connection: AbstractContextManager[None] = super().connection()
        return connection


@hookimpl
def get_templaters() -> list[type[DbtTemplater]]:
    return [OfflineDbtTemplater]

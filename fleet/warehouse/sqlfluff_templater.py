"""The sqlfluff templater ``dbt_offline``: dbt's own, without a warehouse and with a short registry.

sqlfluff's dbt templater first asks the warehouse which tables exist, and some models ask it for
more while they compile. That needs a Redshift cluster to lint the SQL that Redshift gets. Here
every table counts as absent and every query has no rows, which leaves each model as a full refresh
compiles it.

Loops over the registry repeat the same few lines for each event and field. A few turns show the
linter all there is to see, and save it most of its time.
"""

from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any

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

# Macros that return a list of the registry -> the part of it that the linter gets.
SHORTENED = {
    "registry_events": "[:2]",
}
END_OF_LIST = "]) }}"


class OfflineDbtTemplater(DbtTemplater):  # type: ignore[misc]
    name = "dbt_offline"

    @cached_property
    def dbt_manifest(self) -> Any:
        manifest = super().dbt_manifest
        for name, part in SHORTENED.items():
            macro = manifest.macros[f"macro.fleet_analytics.{name}"]
            whole, end, rest = macro.macro_sql.rpartition(END_OF_LIST)
            macro.macro_sql = f"{whole}]{part}{end.removeprefix(']')}{rest}"
        return manifest

    def connection(self) -> AbstractContextManager[None]:
        for name, answer in WITHOUT_WAREHOUSE.items():
            setattr(get_adapter(self.dbt_config), name, answer)
        connection: AbstractContextManager[None] = super().connection()
        return connection


@hookimpl
def get_templaters() -> list[type[DbtTemplater]]:
    return [OfflineDbtTemplater]

"""What a version of the project builds, so that what has to be done between two can be told."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb

# Settings that say how rows lie in a table, and by what they are replaced.
LAID_OUT_BY = ("unique_key", "dist", "sort", "sort_type")
COMMENT = re.compile(r"/\*.*?\*/|--[^\n]*", re.DOTALL)


@dataclass(frozen=True)
class Version:
    """What a version builds, by name as `fleet_marts.supply_hours`.

    relations  `table` or `view`, seeds included
    digests    of what each incremental table is made of
    """

    relations: Mapping[str, str]
    digests: Mapping[str, str]


def relations(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Tables and views of the project's schemas, without the ledgers of runs."""
    found = connection.execute(
        "select table_schema || '.' || table_name, table_type from information_schema.tables"
        " where table_schema in ('fleet_seeds', 'fleet_staging', 'fleet_intermediate',"
        " 'fleet_marts') order by 1"
    ).fetchall()
    return {name: "view" if kind == "VIEW" else "table" for name, kind in found}


def digests(nodes: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """By incremental table: a digest of all that its rows come from and lie by.

    That is the SQL which makes it in a full build, the settings of LAID_OUT_BY, the types of its
    contract, and the same of all models and the contents of all seeds that it reads. Nodes are
    those of dbt's manifest after a build of an empty database on DuckDB. What only nights do is not
    in it: that makes no row of a full build another.
    """

    @cache
    def digest(name: str) -> str:
        node = nodes[name]
        names = node["depends_on"].get("nodes", ())
        read = sorted(digest(one) for one in names if one in nodes)
        laid_out = {key: node["config"].get(key) for key in LAID_OUT_BY}
        types = {key: column.get("data_type") for key, column in node["columns"].items()}
        own = [sql(node), node["checksum"]["checksum"], {}, {}]
        if node["resource_type"] == "model":
            own[1:] = [None, laid_out, types]
        text = json.dumps([own, read], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    return {
        f"{node['schema']}.{node['alias']}": digest(name)
        for name, node in sorted(nodes.items())
        if node["config"].get("materialized") == "incremental"
    }


def sql(node: Mapping[str, Any]) -> str:
    """The compiled SQL without comments, line breaks and the name of the database."""
    text = COMMENT.sub(" ", node.get("compiled_code") or "")
    return " ".join(text.replace(f'"{node["database"]}".', "").split())


def refresh(before: Version, after: Version) -> str | None:
    """The command that an upgrade needs; None where every table stays as it is.

    A table that only the new version has is built whole by itself.
    """
    known = before.digests.keys() & after.digests.keys()
    changed = sorted(name for name in known if before.digests[name] != after.digests[name])
    if not changed:
        return None
    if len(changed) == len(known):
        return "dbt build --full-refresh"
    return f"dbt build --full-refresh --select {' '.join(name.split('.')[1] for name in changed)}"


def drops(before: Version, after: Version) -> Iterator[str]:
    """Statements that take away what the new version no longer builds, views first."""
    gone = sorted(before.relations.keys() - after.relations.keys())
    for kind in ("view", "table"):
        for name in gone:
            if before.relations[name] == kind:
                yield f"drop {kind} {name};"

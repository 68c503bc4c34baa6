"""One statement of Redshift's SQL as PostgreSQL's, by its first word."""

import re
from functools import cache

from sqlglot import exp

from tests.python.redshift.standin.definitions import create, quoted
from tests.python.redshift.standin.functions import SYSTEM_VIEWS
from tests.python.redshift.standin.grammar import RefusedError, parse
from tests.python.redshift.standin.rewrite import rewrite, written
from tests.python.redshift.standin.stars import Stars, expanded
from tests.python.redshift.standin.syntax import Parts, is_of_catalog
from tests.python.redshift.standin.unloading import unload_as_insert

NOTHING = "do $$ begin end $$"
# Sent as they are: PostgreSQL's mean the same, or it holds the catalog that they read.
UNCHANGED = {"abort", "begin", "commit", "end", "rollback", "start"}
# Likewise, but for their names.
NAMING = {"analyze", "comment", "lock", "truncate"}
QUERIES = {"delete", "insert", "merge", "select", "update", "with"}
# Redshift has them, the stand-in does not.
NOT_EMULATED = re.compile(
    r"(analyze\s+compression|create\s+(or\s+replace\s+)?(external\s+)?(function|procedure|model"
    r"|library|datashare))\b",
    re.IGNORECASE,
)
# r_ALTER_TABLE, r_TRUNCATE: one at a time
ONE_AT_A_TIME = re.compile(
    r"(alter\s+table\s[^,]*\badd\s.*,\s*add\s+(column\s)?|truncate\s[^,]*,)",
    re.IGNORECASE | re.DOTALL,
)
# Of the system's views the others are PostgreSQL's too.
REDSHIFTS_VIEWS = ("svv_", "svl_", "svcs_", "stl_", "stv_", "pg_table_def", "pg_user_info")
DELETE = re.compile(r"^delete\s+(?!from\b)", re.IGNORECASE)
LOCAL = re.compile(r"^create\s+local\s+(?=temp)", re.IGNORECASE)
EXPLAIN = re.compile(r"(explain\s+(?:verbose\s+)?)", re.IGNORECASE)
COMMENTS = re.compile(r"(\s|/\*.*?\*/|--[^\n]*(\n|$))+", re.DOTALL)
# r_VACUUM_command, r_ALTER_TABLE
NOT_IN_TRANSACTION = re.compile(
    r"(vacuum\b|alter\s+table\s.*\balter\s+column\s+\S+\s+type\b)", re.IGNORECASE | re.DOTALL
)
PARAMETERS = re.compile(r"\bvalues\s*\(\s*\$\d", re.IGNORECASE)
IGNORED_SETTINGS = re.compile(r"(re)?set\s+(session\s+)?(enable_\w+|json_\w+)", re.IGNORECASE)
MATERIALIZED_VIEW = re.compile(
    r"(?P<what>alter|drop|refresh)\s+materialized\s+view\s+(?P<name>.*?)"
    r"(\s+auto\s+refresh\s+(?P<refreshed>yes|no))?",
    re.IGNORECASE | re.DOTALL,
)
KEY_OF_TABLE = re.compile(
    r"alter\s+table\s.*\s(add\s+(constraint\s+\S+\s+)?(primary\s+key|unique|foreign\s+key)\b"
    r"|drop\s+constraint\b)",
    re.IGNORECASE | re.DOTALL,
)
QUOTA = re.compile(r"\s+quota\s+(unlimited|\d+\s+(mb|gb|tb))", re.IGNORECASE)
# A name in quotation marks, that of a temporary table, and the texts in which there is neither.
NAME = re.compile(
    r"""'(?:[^']|'')*'|(?P<mark>\$\w*\$).*?(?P=mark)"""
    r"""|(?P<name>"[^"]*")|(?P<temporary>(?<!\w)#\w+)""",
    re.DOTALL,
)
CATALOG = {
    r"pg_catalog\.format_type\(": "redshift.format_type(",
    r'information_schema\."?(columns|views)"?': r"redshift.\1",
    r"(?<![\w.])(pg_catalog\.)?(pg_attribute|pg_views)\b": r"redshift.\2",
}
SCHEMA_IN_DATABASE = re.compile(
    r'((?:create|drop)\s+schema\s+(?:if\s+(?:not\s+)?exists\s+)?)"\w+"\.', re.IGNORECASE
)
SHOW = {
    r"show tables from schema \S+?\.(\S+)": "show_tables",
    r"show columns from table \S+?\.(\S+?)\.(\S+)": "show_columns",
    r"show schemas from database \S+( like \S+)?": "show_schemas",
    r"show grants on table \S+?\.(\S+?)\.(\S+)": "show_grants",
}


def translate(sql: str, in_transaction: bool, stars: Stars = ()) -> str:
    """PostgreSQL's form of a statement other than COPY.

    `stars` are the columns that a `* EXCLUDE` needs, each a query and the names of its columns.
    Raises RefusedError, and ColumnsWanted where one is missing.
    """
    body = stripped(sql)
    if in_transaction and (found := NOT_IN_TRANSACTION.match(body)):
        raise RefusedError(f"{found[1].upper()} cannot run inside a transaction block")
    return _translated(body, stars)


# dbt asks the same of the catalog again and again, each time with another comment before it.
@cache
def _translated(body: str, stars: Stars) -> str:
    if found := SCHEMA_IN_DATABASE.match(body):  # as dbt names it with datasharing
        return found[1] + body[found.end() :]
    word = (re.match(r"[a-z]*", body, re.IGNORECASE) or [""])[0].lower()
    if word in UNCHANGED or not body:
        return body
    if found := NOT_EMULATED.match(body):
        raise RefusedError(f"stand-in: {' '.join(found[0].upper().split())} is not emulated")
    if ONE_AT_A_TIME.match(body):
        raise RefusedError(f"{word.upper()} takes one table or column at a time")
    if word in NAMING:
        return _named(body)
    if word in ("set", "reset"):
        body = re.sub(r"\bquery_group\b", "redshift.query_group", body, flags=re.IGNORECASE)
        return NOTHING if IGNORED_SETTINGS.match(body) else body
    if word == "vacuum":
        return NOTHING
    if word == "show":
        return _show(body)
    if word == "explain":
        return _explain(body, stars)
    if word == "unload":
        return unload_as_insert(body, lambda query: _tree(query, stars))
    if word in ("grant", "revoke") or re.match(r"alter\s+default\s", body, re.IGNORECASE):
        return _grant(body)
    if found := MATERIALIZED_VIEW.fullmatch(body):
        return _materialized_view(found)
    if word in ("alter", "drop"):
        return _alter(body)
    if re.match(r"create\s+(schema|user|group|role)\b", body, re.IGNORECASE):
        return QUOTA.sub("", re.sub(r"\bpassword\s+disable\b", "", body, flags=re.IGNORECASE))
    if word == "insert" and PARAMETERS.search(body):  # seeds
        return body
    if word != "create" and word not in QUERIES:
        raise RefusedError(f"stand-in: {word.upper()} is not emulated")
    return _tree(body, stars)


def _tree(body: str, stars: Stars) -> str:
    parts = expanded(
        Parts(parse(LOCAL.sub("create ", DELETE.sub("delete from ", body)))), dict(stars)
    )
    for table in parts.tables:
        name = table.name.lower()
        if name.startswith(REDSHIFTS_VIEWS) and is_of_catalog(table) and name not in SYSTEM_VIEWS:
            raise RefusedError(f"stand-in: the view {name} is not emulated")
    if isinstance(parts.tree, exp.Create):
        return create(parts, body)
    if isinstance(parts.tree, exp.Query) and parts.reads_catalog_alone:
        # The leader node's, which is PostgreSQL.
        for redshift, postgres in CATALOG.items():
            body = re.sub(redshift, postgres, body, flags=re.IGNORECASE)
        return body
    rewrite(parts)
    return written(parts.tree)


def _explain(body: str, stars: Stars) -> str:
    found = EXPLAIN.match(body)
    query = body[found.end() :] if found else ""
    tree = parse(query)
    if not (isinstance(tree, exp.Query | exp.DML) or tree.args.get("kind") == "TABLE"):
        raise RefusedError("EXPLAIN [VERBOSE] takes a query and no options [r_EXPLAIN]")
    return f"explain {_tree(query, stars)}"


def _materialized_view(found: re.Match[str]) -> str:
    name, what = found["name"].strip(), found["what"].lower()
    if what == "drop":
        return f"drop view {name}"
    made = f"{what}_materialized_view({quoted(name)}"
    if found["refreshed"]:
        made += f", {quoted(found['refreshed'])}"
    return f"select redshift.{made})"


def _named(body: str) -> str:
    """A statement that is not parsed: names are folded, those of temporary tables quoted."""

    def named(part: re.Match[str]) -> str:
        if part["temporary"]:
            return f'"{part["temporary"].lower()}"'
        return part["name"].lower() if part["name"] else part[0]

    return NAME.sub(named, body)


def stripped(sql: str) -> str:
    """A statement without the comments before it, such as dbt's, and without its semicolon."""
    comments = COMMENTS.match(sql)
    return sql[comments.end() if comments else 0 :].strip().rstrip(";").strip()


def _show(body: str) -> str:
    if re.fullmatch(r"show\s+query_group", body, re.IGNORECASE):
        return "select redshift.current_setting('query_group') as query_group"
    for pattern, function in SHOW.items():
        if found := re.fullmatch(pattern, " ".join(body.split()), re.IGNORECASE):
            names = (group and group.split()[-1].strip("\"'") for group in found.groups())
            given = ", ".join("null" if name is None else quoted(name) for name in names)
            return f"select * from redshift.{function}({given})"
    return body


def _grant(body: str) -> str:
    """Redshift says which names are roles, PostgreSQL has nothing else."""
    if re.search(r"\bfor\s+copy\s+jobs?\b", body, re.IGNORECASE):
        return NOTHING
    body = _named(body)
    body = re.sub(r"^(grant|revoke)\s+role\s", r"\1 ", body, flags=re.IGNORECASE)
    return re.sub(r"(\b(?:to|from)|,)\s+(?:role|group)\s", r"\1 ", body, flags=re.IGNORECASE)


def _alter(body: str) -> str:
    if found := re.search(r"\b(append\s+from|alter\s+(dist|sort)\w+)", body, re.IGNORECASE):
        raise RefusedError(f"stand-in: {found[0].upper()} is not emulated")
    if KEY_OF_TABLE.match(body):  # kept, and not enforced
        return NOTHING
    if re.match(r"alter\s+schema\s", body, re.IGNORECASE) and QUOTA.search(body):
        return NOTHING
    return re.sub(r"\bsuper\b", "jsonb", _named(body), flags=re.IGNORECASE)

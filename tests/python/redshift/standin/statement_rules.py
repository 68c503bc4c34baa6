"""Rules of types, of names, and of statements that make or change something."""

from collections.abc import Iterator

from sqlglot import exp

from tests.python.redshift.standin.functions import words
from tests.python.redshift.standin.grammar import Tree
from tests.python.redshift.standin.rule import Rule, of
from tests.python.redshift.standin.syntax import Parts

LONGEST_VARCHAR = 65535
MOST_DIGITS = 38
TYPES = {
    *("BIGINT", "BOOLEAN", "BPCHAR", "CHAR", "DATE", "DECIMAL", "DOUBLE", "FLOAT", "GEOGRAPHY"),
    *("GEOMETRY", "HLLSKETCH", "INT", "INTERVAL", "NCHAR", "NVARCHAR", "SMALLINT", "SUPER", "TEXT"),
    *("TIME", "TIMESTAMP", "TIMESTAMPTZ", "TIMETZ", "VARBINARY", "VARCHAR"),
}
TABLE_ATTRIBUTES = (
    *(exp.AutoRefreshProperty, exp.BackupProperty, exp.DistKeyProperty, exp.DistStyleProperty),
    *(exp.EncodeProperty, exp.MaterializedProperty, exp.SortKeyProperty, exp.TemporaryProperty),
)
# Values that are written without parentheses.
RESERVED_VALUES = {"current_date", "current_time", "current_timestamp", "current_user"}
RESERVED_VALUES |= {"current_user_id", "localtime", "localtimestamp", "session_user", "user"}
RESERVED = words(
    """
    aes128 aes256 all allowoverwrite analyse analyze and any array as asc authorization az64 backup
    between binary blanksasnull both bytedict bzip2 case cast check collate column constraint create
    credentials cross current_date current_time current_timestamp current_user current_user_id
    default deferrable deflate defrag delta delta32k desc disable distinct do else emptyasnull
    enable encode encrypt encryption end except explicit false for foreign freeze from full
    globaldict256 globaldict64k grant group gzip having identity ignore ilike in initially inner
    intersect interval into is isnull join language leading left like limit localtime localtimestamp
    lun luns lzo lzop minus mostly16 mostly32 mostly8 natural new not notnull null nulls off offline
    offset oid old on only open or order outer overlaps parallel partition percent permissions pivot
    placing primary raw readratio recover references rejectlog resort respect restore right select
    session_user similar snapshot some sysdate system table tag tdes text255 text32k then timestamp
    to top trailing true truncatecolumns union unique unnest unpivot user using verbose wallet when
    where with without
    """
)


def is_no_type(data_type: Tree) -> bool:
    if isinstance(data_type.this, exp.Interval) or isinstance(data_type, exp.IntervalSpan):
        return False  # an INTERVAL with its fields
    return getattr(data_type.this, "name", "") not in TYPES


def is_too_wide(data_type: exp.DataType) -> bool:
    width = data_type.expressions[0].name if data_type.expressions else ""
    is_varchar = data_type.this == exp.DType.VARCHAR
    return is_varchar and width.isdigit() and int(width) > LONGEST_VARCHAR


def is_too_precise(data_type: exp.DataType) -> bool:
    digits = [int(part.name) for part in data_type.expressions if part.name.isdigit()]
    return data_type.this == exp.DType.DECIMAL and any(number > MOST_DIGITS for number in digits)


def has_other_clauses(merge: exp.Merge) -> bool:
    clauses = merge.args["whens"].expressions
    is_plain = not any(clause.args.get("condition") for clause in clauses)
    return not is_plain or sorted(bool(clause.args["matched"]) for clause in clauses) != [0, 1]


def is_ordered_materialized_view(create: exp.Create) -> bool:
    query = create.expression
    if not create.find(exp.MaterializedProperty) or not isinstance(query, exp.Query):
        return False
    return any(query.args.get(clause) for clause in ("order", "limit", "offset"))


def reserved_names(parts: Parts) -> Iterator[Tree]:
    for column in parts.columns:
        if len(column.parts) == 1 and column.name.lower() not in RESERVED_VALUES:
            yield from _reserved(column.this)
    for named in parts.of(exp.ColumnDef, exp.Table, exp.TableAlias):
        first = named.args.get("catalog") or named.args.get("db") or named.this
        for name in (first, *(named.args.get("columns") or ())):
            yield from _reserved(name)
    for schema in parts.of(exp.Schema):
        for name in schema.expressions:
            yield from _reserved(name)


def _reserved(name: Tree | None) -> Iterator[Tree]:
    if isinstance(name, exp.Identifier) and not name.quoted and name.name.lower() in RESERVED:
        yield name


STATEMENT_RULES = (
    Rule(
        "type",
        "not a type of Redshift",
        "c_Supported_data_types",
        of(exp.DataType, exp.ObjectIdentifier, exp.PseudoType, where=is_no_type),
    ),
    Rule(
        "varchar_width",
        f"a VARCHAR holds {LONGEST_VARCHAR} bytes at most",
        "r_Character_types",
        of(exp.DataType, where=is_too_wide),
    ),
    Rule(
        "decimal_precision",
        f"a DECIMAL has {MOST_DIGITS} digits at most",
        "r_Numeric_types201",
        of(exp.DataType, where=is_too_precise),
    ),
    Rule(
        "reserved_word",
        "a reserved word, which is a name in double quotes only",
        "r_pg_keywords",
        reserved_names,
    ),
    Rule(
        "target_alias",
        "the target of DELETE and MERGE takes no alias",
        "r_DELETE",
        of(exp.Delete, exp.Merge, where=lambda statement: statement.this.alias),
    ),
    Rule(
        "merge_source",
        "MERGE reads a table: no sub-query and no WITH",
        "r_MERGE",
        of(
            exp.Merge,
            where=lambda merge: (
                not isinstance(merge.args["using"], exp.Table) or merge.args.get("with_")
            ),
        ),
    ),
    Rule(
        "merge_clauses",
        "MERGE has one WHEN MATCHED and one WHEN NOT MATCHED, without further conditions",
        "r_MERGE",
        of(exp.Merge, where=has_other_clauses),
    ),
    Rule(
        "materialized_order",
        "a materialized view takes no ORDER BY, LIMIT or OFFSET",
        "materialized-view-create-sql-command",
        of(exp.Create, where=is_ordered_materialized_view),
    ),
    Rule(
        "check_constraint",
        "no CHECK constraints",
        "r_CREATE_TABLE_NEW",
        of(exp.CheckColumnConstraint),
    ),
    Rule(
        "table_attribute",
        "no partitions, no inheritance, no storage parameters",
        "c_unsupported-postgresql-features",
        of(
            exp.Property,
            where=lambda item: (
                isinstance(item.parent, exp.Properties) and not isinstance(item, TABLE_ATTRIBUTES)
            ),
        ),
    ),
    Rule(
        "insert_clauses",
        "INSERT, UPDATE and DELETE take no ON CONFLICT and no RETURNING",
        "c_unsupported-postgresql-features",
        of(exp.OnConflict, exp.Returning),
    ),
)

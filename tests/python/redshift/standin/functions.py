"""Names of functions: which Redshift has, and which of them the stand-in runs.

Source: the SQL functions reference of the Redshift Developer Guide, c_SQL_functions, and its lists
c_SQL_functions_leader_node_only and c_unsupported-postgresql-functions.
"""

import re
from pathlib import Path


def words(text: str) -> frozenset[str]:
    """The words of a list that is written as text."""
    return frozenset(text.split())


COMPATIBILITY = sorted((Path(__file__).parent / "compatibility").glob("*.sql"))

# Made with Redshift's results; a call goes to the schema that they are in.
EMULATED = frozenset(
    re.findall(
        r"^create (?:or replace )?(?:function|aggregate) redshift\.([a-z]\w+)",
        "".join(
            (Path(__file__).parent / "compatibility" / name).read_text()
            for name in ("2_functions.sql", "9_unload.sql")
        ),
        re.MULTILINE,
    )
)

# PostgreSQL's own give the same result.
NATIVE = words("""
    abs any_value array ascii bool_and bool_or btrim ceil ceiling chr coalesce count dense_rank
    exp first_value floor greatest initcap lag last_value lead least left length ln lower lpad
    ltrim max md5 min mod nth_value ntile nullif nvl octet_length percent_rank percentile_cont
    pg_backend_pid power quote_ident random rank regexp_substr repeat replace reverse right
    round row_number rpad rtrim sign split_part sqrt stddev_pop stddev_samp strpos substring sum
    to_char translate trim upper var_pop var_samp
    """)

# Redshift has them, the stand-in does not: to use one, make it in compatibility/ with a test.
NOT_EMULATED = words("""
    add_months array_flatten bit_and bit_or cbrt charindex cume_dist date_cmp date_part_year
    decode dexp dlog10 func_sha1 is_array is_object is_scalar is_valid_json json_array_length
    json_extract_array_element_text json_extract_path_text listagg median months_between
    next_day nvl2 object object_transform percentile_disc pi ratio_to_report regexp_count
    regexp_instr regexp_replace sha2 split_to_array stddev strtol subarray timezone to_date
    to_hex to_number to_timestamp trunc try_cast variance
    """)

LEADER_NODE_ONLY = words("""
    age current_schema current_schemas current_time current_timestamp generate_series
    has_database_privilege has_schema_privilege has_table_privilege isfinite localtime
    localtimestamp now version
    """)

KNOWN = EMULATED | NATIVE | NOT_EMULATED

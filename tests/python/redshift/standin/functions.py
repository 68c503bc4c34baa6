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

SYSTEM_VIEWS = frozenset(
    re.findall(
        r"^create view (?:pg_catalog|redshift)\.([a-z]\w+)",
        "".join(path.read_text() for path in COMPATIBILITY),
        re.MULTILINE,
    )
)

# PostgreSQL's own give the same result.
NATIVE = words("""
    abs acos any_value array ascii asin atan atan2 bool_and bool_or btrim ceil ceiling char_length
    character_length chr coalesce cos cot count current_database date degrees dense_rank exp
    first_value floor greatest grouping initcap lag last_value lead least left length ln lower
    lpad ltrim max md5 min mod nth_value ntile nullif nvl octet_length percent_rank
    percentile_cont pg_backend_pid pi power quote_ident quote_literal radians random rank
    regexp_substr repeat replace reverse right round row_number rpad rtrim sign sin split_part
    sqrt stddev_pop stddev_samp strpos substring sum tan timeofday to_char to_date translate trim
    upper var_pop var_samp
    """)

# Redshift has them, the stand-in does not: to use one, make it in compatibility/ with a test.
NOT_EMULATED = words("""
    add_months array_contains array_distinct array_except array_flatten array_intersection
    array_position array_positions array_sort array_union arrays_overlap bit_and bit_or bpcharcmp
    bttext_pattern_cmp cbrt change_query_priority change_session_priority charindex checksum
    collate crc32 cume_dist current_namespace current_user_id date_cmp date_cmp_timestamp
    date_cmp_timestamptz date_part_year decimal_precision decimal_scale decode dexp difference
    dlog1 dlog10 explain_model farmfingerprint64 fnv_hash from_base64 from_varbyte func_sha1
    get_number_attributes has_assumerole_privilege hll hll_cardinality hll_combine
    hll_combine_sketches hll_create_sketch insert interval_cmp is_array is_bigint is_boolean
    is_char is_decimal is_float is_integer is_object is_scalar is_smallint is_valid_json
    is_valid_json_array is_varchar json_array_length json_extract_array_element_text
    json_extract_path_text json_serialize_to_varbyte last_user_query_id listagg log
    lower_attribute_names median months_between murmur3_32_hash next_day nvl2 object
    object_transform percentile_disc pg_cancel_backend pg_get_cols pg_get_grantee_by_iam_role
    pg_get_iam_role_by_user pg_get_late_binding_view_cols pg_get_session_roles pg_last_copy_count
    pg_last_copy_id pg_last_query_id pg_last_unload_count pg_last_unload_id pg_terminate_backend
    pow ratio_to_report reboot_cluster regexp_count regexp_instr regexp_replace replicate
    role_is_member_of set_config sha sha1 sha2 size slice_num soundex split_to_array stddev strtol
    subarray substr text_to_int_alt text_to_numeric_alt timestamp_cmp timestamp_cmp_date
    timestamp_cmp_timestamptz timestamptz_cmp timestamptz_cmp_date timestamptz_cmp_timestamp
    timezone to_base64 to_hex to_number to_timestamp to_varbyte trunc try_cast
    upper_attribute_names user_is_member_of variance
    """)

LEADER_NODE_ONLY = words("""
    age current_schema current_schemas current_time current_timestamp generate_series
    has_database_privilege has_schema_privilege has_table_privilege isfinite localtime
    localtimestamp now version
    """)

KNOWN = EMULATED | NATIVE | NOT_EMULATED

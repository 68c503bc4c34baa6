"""Every function that the stand-in emulates, with values from Redshift's documentation.

Where its Developer Guide has no example, the value follows from what it says of the function.
PostgreSQL's own results differ in many of these cases; a comparison of models alone would not show
it, as long as no model depends on the difference.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from redshift_connector.error import ProgrammingError

from tests.python.redshift.standin.functions import EMULATED
from tests.python.redshift.warehouse import StandIn


def utc(*parts: int) -> datetime:
    """A timestamp without a zone."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)  # type: ignore[misc, arg-type]


VALUES: dict[str, list[tuple[str, Any]]] = {
    # r_AVG: an integer argument gives BIGINT, so the average is cut off.
    "avg": [
        ("avg(n) from functions.numbers", 1),
        ("avg(cast(n as bigint)) from functions.numbers", 1),
        ("avg(cast(n as smallint)) from functions.numbers", 1),
        ("avg(cast(n as double precision)) from functions.numbers", 5 / 3),
        ("avg(n) from functions.numbers where n > 9", None),
    ],
    # CONVERT_TIMEZONE_function
    "convert_timezone": [
        (
            "convert_timezone('UTC', 'America/New_York', timestamp '2008-03-09 06:59:59')",
            utc(2008, 3, 9, 1, 59, 59),
        ),
        (
            "convert_timezone('UTC', 'America/New_York', timestamp '2008-03-09 07:00:00')",
            utc(2008, 3, 9, 3),
        ),
        ("convert_timezone('UTC', 'Asia/Kolkata', timestamp '2008-03-09')", utc(2008, 3, 9, 5, 30)),
    ],
    # r_DATEADD_function
    "dateadd": [
        ("dateadd(month, 18, date '2008-02-28')", utc(2009, 8, 28)),
        ("dateadd(m, 30, timestamp '2008-01-01 00:15:00')", utc(2008, 1, 1, 0, 45)),
        ("dateadd(month, 1, date '2008-01-31')", utc(2008, 2, 29)),
        ("dateadd(quarter, 1, date '2008-01-31')", utc(2008, 4, 30)),
        ("dateadd(ms, -1, timestamp '2008-01-01')", utc(2007, 12, 31, 23, 59, 59, 999000)),
        (
            "dateadd(week, 1, timestamptz '2008-01-01 00:00:00+00')",
            datetime(2008, 1, 8, tzinfo=UTC),
        ),
    ],
    # r_DATEDIFF_function: boundaries are counted, whatever lies between them.
    "datediff": [
        ("datediff(week, date '2009-01-01', date '2009-12-31')", 52),
        ("datediff(qtr, date '1998-07-01', date '2008-02-01')", 38),
        ("datediff(year, date '2008-12-31', date '2009-01-01')", 1),
        ("datediff(hour, timestamp '2009-01-01 00:59', timestamp '2009-01-01 01:00')", 1),
        ("datediff(minute, timestamp '2009-01-01 00:00:59', timestamp '2009-01-01 00:01')", 1),
        ("datediff(second, timestamp '2009-01-01', timestamp '2008-12-31 23:59:59.9')", -1),
        ("datediff(ms, timestamp '2009-01-01', timestamp '2009-01-01 00:00:01.2345')", 1234),
        ("datediff(us, timestamp '2009-01-01', timestamp '2009-01-01 00:00:01.2345')", 1234500),
        ("datediff(month, date '2008-01-31', date '2008-02-01')", 1),
        ("datediff(day, date '2008-01-01', timestamptz '2008-01-02 23:00:00+00')", 1),
    ],
    # r_DATE_TRUNC: a timestamp also of a date.
    "date_trunc": [
        ("date_trunc('week', date '2008-09-10')", utc(2008, 9, 8)),
        (
            "date_trunc('minute', timestamp '2020-04-30 22:05:33.9')",
            utc(2020, 4, 30, 22, 5),
        ),
        (
            "date_trunc('day', timestamptz '2020-04-30 22:05:33+00')",
            datetime(2020, 4, 30, tzinfo=UTC),
        ),
    ],
    # r_LAST_DAY
    "last_day": [
        ("last_day(date '2004-02-29')", date(2004, 2, 29)),
        ("last_day(timestamp '2008-02-01 23:59:59')", date(2008, 2, 29)),
    ],
    # r_EXTRACT_function: an INTEGER of a timestamp, so the epoch loses its fraction; a DOUBLE of
    # a timestamptz.
    "date_part": [
        ("extract(epoch from timestamp '1970-01-01 00:00:01.9')", 1),
        ("extract(epoch from timestamptz '1970-01-01 00:00:01.9+00')", 1.9),
        ("date_part(minute, timestamp '2009-01-01 02:08:01')", 8),
        ("date_part(week, date '2008-06-12')", 24),
    ],
    # r_LEN: characters, not bytes.
    "len": [("len('français')", 8), ("octet_length('français')", 9)],
    "textlen": [("textlen('français')", 8)],  # r_TEXTLEN
    # r_FROM_HEX, r_GETBIT: from_hex('4d') is 01001101.
    "from_hex": [
        ("octet_length(from_hex('6162'))", 2),
        ("from_hex('6162') = from_hex('6163')", False),
    ],
    "getbit": [
        *((f"getbit(from_hex('4d'), {bit})", int("01001101"[7 - bit])) for bit in range(8)),
        ("getbit(from_hex('014d'), 8)", 1),
    ],
    "current_setting": [("current_setting('query_group')", "unset")],  # r_CURRENT_SETTING
    # r_Character_types: widths are bytes, and no character is cut in two.
    "first_bytes": [
        ("cast('français' || '' as varchar(5))", "fran"),
        ("cast('français' || '' as varchar(6))", "franç"),
        ("cast('ab' || '' as varchar(5))", "ab"),
        ("cast(cast(null as varchar(8)) as varchar(5))", None),
        ("cast('日本' || '' as nvarchar(5))", "日"),
        ("cast('é' || '' as varchar(1))", ""),
    ],
    # r_CONCAT: NULL if one is NULL.
    "concat": [
        ("concat('December 25, ', '2008')", "December 25, 2008"),
        ("concat('a', null)", None),
    ],
    # JSON_PARSE, JSON_SERIALIZE, JSON_TYPEOF, can_json_parse, GET_ARRAY_LENGTH
    "json_parse": [("json_serialize(json_parse('[10001,10002,\"abc\"]'))", '[10001,10002,"abc"]')],
    "can_json_parse": [
        ("can_json_parse('[10001,10002,\"abc\"]')", True),
        ("can_json_parse('This is a JSON string.')", False),
        ('can_json_parse(\'{"a": 1, "a": 2}\')', False),
    ],
    # array, array_concat
    "array_concat": [
        ("json_serialize(array_concat(array(1, 'a'), array(array(), null)))", '[1,"a",[],null]'),
    ],
    "json_size": [("json_size(json_parse('[10001,10002,\"abc\"]'))", 19)],
    "json_serialize": [
        (
            'json_serialize(json_parse(\'{"a": 1, "b": "\\\\"", "c": [true, null]}\'))',
            '{"a":1,"b":"\\"","c":[true,null]}',
        ),
    ],
    "json_typeof": [
        ("json_typeof(json_parse('[1]'))", "array"),
        ("json_typeof(json_parse('{\"a\": 1}'))", "object"),
        ("json_typeof(json_parse('1.5'))", "number"),
        ("json_typeof(json_parse('\"x\"'))", "string"),
        ("json_typeof(json_parse('true'))", "boolean"),
        ("json_typeof(json_parse('null'))", "null"),
    ],
    "get_array_length": [
        ("get_array_length(json_parse('[1, 2, 3]'))", 3),
        ("get_array_length(json_parse('{}'))", None),
    ],
}

# Of Redshift, with PostgreSQL's own function or none.
OTHERS = [
    ("split_part('abc$def$ghi', '$', 2)", "def"),  # SPLIT_PART
    ("split_part('abc$def', '$', 4)", ""),
    ("nvl(null, 12, 13)", 12),  # r_NVL_function
    ("datediff(hour, date_trunc('day', date '2008-01-01'), date '2008-01-02')", 24),
    ("strpos('dogfish', 'fish')", 4),  # r_STRPOS
    ("regexp_substr('a,b,c', '[a-z],[a-z]')", "a,b"),  # REGEXP_SUBSTR
    ("any_value(n) from functions.numbers where n = 2", 2),  # r_ANY_VALUE
    ("bool_or(n = 1) from functions.numbers", True),  # r_BOOL_OR
    ("bool_and(n = 1) from functions.numbers", False),  # r_BOOL_AND
    ("left('chocolate', 5)", "choco"),  # r_LEFT
    ("ltrim(', order_created, dispatched', ', ')", "order_created, dispatched"),  # r_LTRIM
    ("greatest(1, null, 3)", 3),  # r_GREATEST_LEAST: NULLs are left out
    ("least(null, 2, 3)", 2),
    ("md5('Amazon Redshift')", "f7415e33f972c03abd4f3fed36748f7a"),  # r_MD5
    ("5 / 2", 2),  # r_OPERATOR_SYMBOLS: integers give an integer
    # r_Numeric_types201: DECIMAL is DECIMAL(18, 0).
    ("cast(2.6 as decimal)", Decimal(3)),
    # r_numeric_computations201: the scales are 9, 12 and 4.
    ("cast(2 as decimal(8, 2)) / cast(3 as decimal(8, 2))", Decimal("0.666666667")),
    ("(2.0) / 3", Decimal("0.666666666667")),
    ("cast(2 as decimal(38, 4)) / cast(3 as decimal(38, 4))", Decimal("0.6667")),
    # JSON_SERIALIZE
    ("json_serialize(cast(null as super))", None),
    ("json_serialize(json_parse('null'))", "null"),
    # query-super: equal if the types are.
    ("json_parse('5') = '5'", False),
    ("json_parse('\"5\"') = '5'", True),
    ("json_parse('5') = 5", True),
    ("json_parse('\"5\"') <> 5", True),
    ("s = '5' from functions.supers", False),
    ("s = 5 and 5 = s and s <> '5' from functions.supers", True),
    ("t = '\"5\"' from functions.supers", False),
    ("t = '5' and not t = 5 from functions.supers", True),
    ("count(*) from functions.numbers where n = 2.0 and n = '2' and n <> 1", 2),
    ("to_date('02 Oct 2001', 'DD Mon YYYY')", date(2001, 10, 2)),  # r_TO_DATE_function
    ("date('2026-01-02 23:59:59')", date(2026, 1, 2)),
    ("mod(-15, 4)", -3),  # r_MOD
    ("'B' < 'a'", True),  # c_collation_sequences: byte by byte
    ("'a\\\\b'", "a\\b"),  # a backslash escapes in a literal
    (
        "listagg(distinct t, '/') within group (order by t) from functions.texts",
        "alpha/beta",
    ),  # r_LISTAGG
    ("listagg(t, ', ') within group (order by t desc) from functions.texts", "beta, beta, alpha"),
    ("listagg(t) from functions.texts where t = 'beta'", "betabeta"),
    # NULL and empty strings are left out.
    ("listagg(nullif(t, 'alpha'), '-') from functions.texts", "beta-beta"),
    ("listagg(replace(t, 'alpha', ''), '-') from functions.texts", "beta-beta"),
    ("listagg(distinct replace(t, 'alpha', ''), '-') from functions.texts", "beta"),
    (
        "percentile_cont(0.25) within group (order by n) from functions.numbers",
        1.5,
    ),  # r_PERCENTILE_CONT: between the two nearest rows
]

# limitations-super, query-super: lax casts give NULL where strict ones fail.
DOCUMENT = """
{"s": "x", "n": 2.5, "i": 7, "b": true, "t": "2008-06-01T00:59:59Z", "o": {"k": [1, 2]}, "z": null,
"robotId": 1}
"""
SUPER = [
    ("d.s::varchar(8)", "x"),
    ('d."s"::varchar(8)', "x"),
    ("d.o.k[1]::integer", 2),
    ("d.n::double precision", 2.5),
    ("d.i::bigint", 7),
    ("d.i = '7'", False),
    ("d.s = 'x' and d.o.k[1] = 2", True),
    ("d.n::decimal(5, 2)", 2.5),
    ("d.b::boolean", True),
    ("d.t::timestamptz", datetime(2008, 6, 1, 0, 59, 59, tzinfo=UTC)),
    ("d.t::timestamp", utc(2008, 6, 1, 0, 59, 59)),
    ("d.t::date", date(2008, 6, 1)),
    # Of another type, absent, or null.
    ("d.s::integer", None),
    ("d.s::boolean", None),
    ("d.s::date", None),
    ("d.s::timestamp", None),
    ("d.s::timestamptz", None),
    ("d.s::bigint", None),
    ("d.s::double precision", None),
    ("d.o::varchar(64)", None),
    ("d.o.k::varchar(64)", None),
    ("d.absent.deeper::varchar(8)", None),
    ("d.z is null", True),
    # Paths are folded to lower case by default, so a key in camelCase is never found.
    ("d.robotId is null", True),
    ('d."robotId" is null', True),
]


@pytest.fixture(scope="module")
def tables(standin: StandIn) -> Iterator[StandIn]:
    standin.rows("create schema functions")
    standin.rows("create table functions.numbers (n integer)")
    standin.rows("insert into functions.numbers values (1), (2), (2), (null)")
    standin.rows("create table functions.texts (t varchar(8))")
    standin.rows("insert into functions.texts values ('beta'), ('alpha'), ('beta')")
    standin.rows(
        "create table functions.supers as select json_parse('5') as s, json_parse('\"5\"') as t"
    )
    standin.rows(f"create table functions.documents as select json_parse('{DOCUMENT}') as d")
    yield standin
    standin.rows("drop schema functions cascade")


def cases() -> list[tuple[str, Any]]:
    return [case for function in VALUES.values() for case in function] + OTHERS


@pytest.mark.parametrize(("expression", "value"), cases(), ids=lambda part: str(part)[:50])
def test_values(tables: StandIn, expression: str, value: Any) -> None:
    ((found,),) = tables.rows(f"select {expression}")
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(("expression", "value"), SUPER, ids=lambda part: str(part)[:50])
def test_super(tables: StandIn, expression: str, value: Any) -> None:
    ((found,),) = tables.rows(f"select {expression} from functions.documents as e")
    assert found == value


def test_every_emulated_function_has_values() -> None:
    # Times of now: below.
    assert VALUES.keys() | {"getdate", "sysdate"} == EMULATED


def test_current_date_is_the_day_in_utc(standin: StandIn) -> None:
    before = datetime.now(UTC).date()
    ((found,),) = standin.rows("select current_date")
    assert before <= found <= datetime.now(UTC).date()


def test_getdate_is_of_the_statement_in_whole_seconds_and_sysdate_of_the_transaction(
    standin: StandIn,
) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    ((getdate, sysdate),) = standin.rows("select getdate(), sysdate")
    assert getdate.microsecond == 0
    assert abs((getdate - now).total_seconds()) < 60
    assert abs((sysdate - now).total_seconds()) < 60


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("select avg(1.5)", "cast it to double precision"),
        ("select dateadd(day, 1.5, date '2008-01-01')", "does not exist"),
        ("select concat('a', 'b', 'c')", "does not exist"),
        ("select json_parse('{')", "JSON parsing error"),
        # super-configurations
        ('select json_parse(\'{"a": 1, "a": 2}\')', "JSON parsing error"),
        # r_Character_types: what is parsed is a VARCHAR.
        (f"select json_parse('[{'1,' * 32768}1]')", "max size of 65535 bytes"),
        ("select cast(true as varchar(5))", "cannot cast"),
        ("select median(1)", "compute-node|need a table"),
    ],
)
def test_what_redshift_refuses_fails(standin: StandIn, sql: str, message: str) -> None:
    with pytest.raises(ProgrammingError, match=message):
        standin.rows(sql)

"""What values become where PostgreSQL's types differ: DECIMAL, VARCHAR in bytes, SUPER compared."""

from sqlglot import exp

from tests.python.redshift.standin.grammar import Tree
from tests.python.redshift.standin.syntax import call, name_of

# r_Numeric_types201, r_numeric_computations201
DEFAULT_DECIMAL = (18, 0)
LONGEST_DECIMAL = 38
DIGITS_OF_INTEGERS = {exp.DType.SMALLINT: 5, exp.DType.INT: 10, exp.DType.BIGINT: 19}
LONGEST_INT = 2**31
CONDITIONS = (exp.Select, exp.Where)
OF_SUPER = {"array_concat", "json_parse", "jsonb_build_array", "navigate"}


def with_redshift_types(node: exp.Binary | exp.Cast) -> Tree:
    """A cast, a division or a comparison that has Redshift's result."""
    if isinstance(node, exp.Cast):
        return _cast(node)
    if isinstance(node, exp.Div):
        return _divided(node)
    if isinstance(node, exp.EQ | exp.NEQ):
        return _compared(node)
    return node


def _cast(cast: exp.Cast) -> Tree:
    width = cast.to.expressions[0].name if cast.to.expressions else ""
    if cast.to.this == exp.DType.DECIMAL and not width:
        cast.set("to", _decimal(*DEFAULT_DECIMAL))
    if cast.to.this == exp.DType.TEXT and isinstance(cast.this, exp.Literal) and cast.this.name:
        # A column that is made of it is as wide as the literal, says dbt's suite for types.
        width_in_bytes = len(cast.this.name.encode())
        cast.set("to", exp.DataType.build(f"varchar({width_in_bytes})", dialect="postgres"))
        return cast
    is_cut = cast.to.this in (exp.DType.VARCHAR, exp.DType.NVARCHAR) and width.isdigit()
    if is_cut and not _fits(cast.this, int(width)):
        # PostgreSQL cuts a text to that many characters; Redshift's widths are bytes.
        text = exp.Cast(this=cast.this, to=exp.DataType.build("text"))
        cut = call("redshift.first_bytes", text, exp.Literal.number(width))
        return exp.Cast(this=cut, to=cast.to)
    return cast


def _fits(value: Tree, width: int) -> bool:
    if isinstance(value, exp.Literal):
        return len(value.name.encode()) <= width
    return isinstance(value, exp.Null)


def _divided(division: exp.Div) -> Tree:
    """The quotient of decimals has a scale by those of its operands, where these can be seen."""
    kinds = [_digits(operand) for operand in (division.this, division.expression)]
    one, other = kinds
    if one is None or other is None or not any(map(_has_decimal, division.args.values())):
        return division
    scale = max(4, one[1] + other[0] - other[1] + 1)
    precision = one[0] - one[1] + other[1] + scale
    if precision > LONGEST_DECIMAL:
        scale = max(LONGEST_DECIMAL + scale - precision, 4)
        precision = LONGEST_DECIMAL
    scaled = exp.Cast(this=exp.Paren(), to=_decimal(precision, scale))
    division.replace(scaled)
    scaled.this.set("this", division)
    return scaled


def _digits(node: Tree | None) -> tuple[int, int] | None:
    """Precision and scale of what is seen to be a number without a fraction of its own length."""
    if isinstance(node, exp.Paren | exp.Neg):
        return _digits(node.this)
    if isinstance(node, exp.Literal) and not node.is_string:
        whole, _, fraction = node.name.partition(".")
        if not fraction:
            return (10 if int(whole or 0) < LONGEST_INT else 19), 0
        return len(whole.lstrip("0")) + len(fraction), len(fraction)
    if isinstance(node, exp.Cast):
        if node.to.this == exp.DType.DECIMAL:
            given = [int(part.name) for part in node.to.expressions]
            return (given[0], given[1] if len(given) > 1 else 0) if given else DEFAULT_DECIMAL
        if node.to.this in DIGITS_OF_INTEGERS:
            return DIGITS_OF_INTEGERS[node.to.this], 0
    return None


def _has_decimal(node: object) -> bool:
    if isinstance(node, exp.Paren | exp.Neg):
        return _has_decimal(node.this)
    if isinstance(node, exp.Literal):
        return not node.is_string and "." in node.name
    return isinstance(node, exp.Cast) and node.to.this == exp.DType.DECIMAL


def _decimal(precision: int, scale: int) -> exp.DataType:
    return exp.DataType.build(f"decimal({precision}, {scale})", dialect="postgres")


def _compared(comparison: exp.Binary) -> Tree:
    """SUPER equals a text if it is that text: the number 5 is not '5' (query-super)."""
    for side, other in (("this", "expression"), ("expression", "this")):
        literal = comparison.args[side]
        compared = comparison.args[other]
        if not isinstance(literal, exp.Literal) or not _is_condition(comparison):
            continue
        if isinstance(compared, exp.Column):
            # Which type it has PostgreSQL knows, and chooses the function by it.
            kind = "text" if literal.is_string else "number"
            equal = call(f"redshift.is_{kind}", compared.copy(), literal.copy())
            return exp.Not(this=equal) if isinstance(comparison, exp.NEQ) else equal
        if _is_super(compared):
            kind = "text" if literal.is_string else "numeric"
            text = exp.Cast(this=literal.copy(), to=exp.DataType.build(kind))
            comparison.set(side, call("to_jsonb", text))
    return comparison


def _is_condition(comparison: exp.Binary) -> bool:
    """Whether it compares; in SET, and in that of an UPDATE, = gives a value."""
    return isinstance(comparison.find_ancestor(exp.Update, exp.Select, exp.Where), CONDITIONS)


def _is_super(node: Tree) -> bool:
    if isinstance(node, exp.Paren):
        return _is_super(node.this)
    if isinstance(node, exp.Cast):
        return bool(node.to.this == exp.DType.JSONB)
    return name_of(node).removeprefix("redshift.") in OF_SUPER

"""Redshift's grammar: a statement as a syntax tree."""

from typing import ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.redshift import Redshift
from sqlglot.parsers.redshift import RedshiftParser

Tree = exp.Expr
# The grammar would take these names for types that Redshift has.
NO_TYPES = {"BLOB", "BYTEA", "DATETIME", "STRING"}


class RefusedError(Exception):
    """A statement that Redshift would refuse, or that the stand-in cannot run; says which."""


class RedshiftGrammar(Redshift):
    """Redshift's grammar with every function name left as it is written."""

    class Tokenizer(Redshift.Tokenizer):
        KEYWORDS: ClassVar = {
            word: token
            for word, token in Redshift.Tokenizer.KEYWORDS.items()
            if word not in NO_TYPES
        }

    class Parser(RedshiftParser):
        FUNCTIONS = {"COUNT": RedshiftParser.FUNCTIONS["COUNT"]}  # noqa: RUF012
        FUNCTION_PARSERS = {  # noqa: RUF012
            name: RedshiftParser.FUNCTION_PARSERS[name]
            for name in ("CAST", "CONVERT", "EXTRACT", "POSITION", "SUBSTRING", "TRIM")
        }
        NO_PAREN_FUNCTIONS: ClassVar = {}
        PROPERTY_PARSERS: ClassVar = {
            **RedshiftParser.PROPERTY_PARSERS,
            "ENCODE": lambda self: self._parse_auto(exp.EncodeProperty),
            "INTERLEAVED": lambda self: self._parse_sort_key(False),
            "SORTKEY": lambda self: self._parse_sort_key(True),
        }
        # DISTKEY and SORTKEY after a column.
        CONSTRAINT_PARSERS: ClassVar = {
            **RedshiftParser.CONSTRAINT_PARSERS,
            "DISTKEY": lambda self: exp.var("DISTKEY"),
            "SORTKEY": lambda self: exp.var("SORTKEY"),
        }

        def _parse_auto(self, kind: type[Tree]) -> Tree | None:
            return kind(this=exp.var("AUTO")) if self._match_text_seq("AUTO") else None

        def _parse_sort_key(self, compound: bool) -> Tree | None:
            if not compound:
                self._match_text_seq("SORTKEY")
            elif automatic := self._parse_auto(exp.SortKeyProperty):
                return automatic
            return exp.SortKeyProperty(this=self._parse_wrapped_id_vars(), compound=compound)

        def _parse_merge(self) -> exp.Merge:
            merge = super()._parse_merge()
            for when in merge.args["whens"].expressions:
                then = when.args["then"]
                # INSERT VALUES (…), which the library takes for a column with the name of a call.
                values = then.this.expressions[0] if isinstance(then, exp.Insert) else None
                if isinstance(values, exp.Anonymous):
                    then.set("this", None)
                    then.set("expression", exp.Tuple(expressions=values.expressions))
            return merge


def parse(sql: str) -> Tree:
    """Syntax tree of one statement in Redshift's grammar; raises RefusedError on a syntax error."""
    try:
        tree = sqlglot.parse_one(sql, read=RedshiftGrammar)
    except sqlglot.errors.ParseError as error:
        near = error.errors[0]["highlight"] if error.errors else ""
        told = str(error).splitlines()[0]
        raise RefusedError(f'syntax error at or near "{near}": {told}') from None
    except sqlglot.errors.TokenError as error:
        raise RefusedError(f"syntax error: {str(error).splitlines()[0]}") from None
    if isinstance(tree, exp.Command):
        raise RefusedError(f"syntax error: not understood as Redshift: {sql[:80]}")
    return tree

"""`check` takes a short way for files that hold nothing but objects; its verdicts are the same."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fleet.warehouse import event_lines
from fleet.warehouse.event_lines import Lines, check, refusal

PIECES = ["{", "}", "[", "]", "{}", '{"a": 1}', '{"a":', "1", ",", '"', '"}', '"{', "\\", " ", "\r"]
CONTENTS = st.lists(
    st.sampled_from([piece.encode() for piece in PIECES] + [b"\n"] * 6 + [b"\xff", b"\xc3\xa9"]),
    max_size=12,
).map(b"".join)


def one_by_one(content: bytes) -> tuple[list[bytes], list[tuple[str, str]]]:
    lines = [line.removesuffix(b"\r") for line in content.split(b"\n")]
    if not content or content.endswith(b"\n"):
        lines.pop()
    reasons = [refusal(line) for line in lines]
    pairs = list(zip(lines, reasons, strict=True))
    return (
        [line for line, reason in pairs if not reason],
        [(line.decode(errors="backslashreplace"), reason) for line, reason in pairs if reason],
    )


def accepted(lines: Lines) -> list[bytes]:
    starts = [0, *lines.sizes.cumsum().tolist()]
    return [lines.accepted[start:end] for start, end in itertools.pairwise(starts)]


@given(CONTENTS)
@example(b"{}{}\n\n")
@example(b"{} {\n}\n")
@example(b'{"a":{}\n}\n{}{}\n')
@example(b"{}{}\n{\n}\n")
@example(b'{"a": "}\n{"}\n{}\n')
@example(b'{"a": "\xff"}\n')
@example(b'{"a": "\xc3\xa9"}\n{"b": 1}\n')
@example(b"{}\r\n{}\n")
@example(b" {}\n{}\n")
@example(b"{}\n{}")
@example(b"[]\n[]\n")
def test_a_content_is_checked_as_its_lines_are(content: bytes) -> None:
    lines = check(content)
    assert (accepted(lines), lines.rejected) == one_by_one(content)
    assert lines.count == len(lines.sizes) + len(lines.rejected)


def test_a_file_of_objects_is_not_checked_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(event_lines, "refusal")
    content = '{"text": "\u00e9", "list": [{"a": "}{"}, {"b": 1e999}]}\n{}\n'.encode()
    assert accepted(check(content)) == content.splitlines()

"""`check` takes a short way for files that hold nothing but objects; its verdicts are the same."""

import itertools

import pytest

from fleet.warehouse import event_lines
from fleet.warehouse.event_lines import Lines, check, refusal

PIECES = (b"{", b"}", b"{}", b'{"a":', b'"', b",", b"\n", b"}\n{", b"\xff", b"\r")


def one_by_one(content: bytes) -> tuple[list[bytes], list[tuple[str, str]]]:
    lines = content.split(b"\n")
    if not lines[-1]:
        lines.pop()
    checked = [(line.removesuffix(b"\r"), refusal(line.removesuffix(b"\r"))) for line in lines]
    return (
        [line for line, reason in checked if not reason],
        [(line.decode(errors="backslashreplace"), reason) for line, reason in checked if reason],
    )


def accepted(lines: Lines) -> list[bytes]:
    ends = [0, *lines.sizes.cumsum().tolist()]
    assert ends[-1] == len(lines.accepted)
    return [lines.accepted[start:end] for start, end in itertools.pairwise(ends)]


def assert_checked_as_its_lines_are(content: bytes) -> None:
    lines = check(content)
    assert (accepted(lines), lines.rejected) == one_by_one(content), content
    assert lines.count == len(lines.sizes) + len(lines.rejected)


def test_a_content_is_checked_as_its_lines_are() -> None:
    for pieces in itertools.product(PIECES, repeat=4):
        # Every other one so as most files are: lines of whole objects, the last with its feed.
        assert_checked_as_its_lines_are(b"".join(pieces))
        assert_checked_as_its_lines_are(b"{" + b"".join(pieces) + b"}\n")


@pytest.mark.parametrize(
    "content",
    [
        b"{}{}\n{\n}\n",
        b"{}{}{}\n{}\n{}\n\n",
        b'{"a": "}\n{"}\n{}{}\n',
        b'{"a": "\xed\xa0\x80"}\n',
        b'{"a": "\xc3\xa9"}\n{"b": 1}\n',
        b'{"a": "\\ud800"}\n{"b": 1}\n',
        b'{"a":' * 2000 + b"1" + b"}" * 2000 + b"\n{}\n",
        b'{"b":1}\n{"a":1,"a":1}\n',
        b'{"a":[{"b":{"c":1,"c":2}}]}\n{"b":1}\n',
        b'{"a":1,"\\u0061":2}\n{"b":1}\n',
        b'{"a":1e999}\n{"b":1e999,"b":1}\n{"c": ' + b"9" * 5000 + b"}\n",
    ],
)
def test_a_content_that_is_almost_made_of_objects(
    content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_checked_as_its_lines_are(content)
    monkeypatch.setattr(event_lines, "AT_ONCE", 10)
    assert_checked_as_its_lines_are(content)


@pytest.mark.parametrize("number", range(0, 60, 7))
@pytest.mark.parametrize("at_once", [1, 9, 100, 1000])
def test_a_key_given_twice_is_found_in_any_piece(
    monkeypatch: pytest.MonkeyPatch, number: int, at_once: int
) -> None:
    monkeypatch.setattr(event_lines, "AT_ONCE", at_once)
    lines = [b'{"line":%d,"in":{"x":1,"y":[{"x":2}]}}' % n for n in range(60)]
    assert accepted(check(b"\n".join(lines) + b"\n")) == lines
    twice = lines[number].replace(b'"y"', b'"x"')
    lines[number] = twice
    found = check(b"\n".join(lines) + b"\n")
    assert found.rejected == [(twice.decode(), "malformed")]
    assert accepted(found) == [line for line in lines if line != twice]


def test_a_file_of_objects_is_not_checked_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(event_lines, "refusal")
    content = '{"text":"é","list":[{"a":"}{"},{"b":1e20},{"b":null}]}\n{}\n'.encode()
    assert accepted(check(content)) == content.splitlines()

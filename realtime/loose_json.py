"""JSON as Kwebbl's document writes it: with commas left out or left over, names without quotes, and single quotes."""

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

_PIECE = re.compile(r"""\s+|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[{}\[\],:]|[^\s{}\[\],:"']+""", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_][\w-]*")
_VALUES = {"true", "false", "null"}
_ENDS = {"}", "]"}


def read_json(text: str | bytes) -> Any:
    """The value, also where only the document's own slips are in the way. Raises ValueError for everything else."""
    plain = text.decode("utf-8-sig") if isinstance(text, bytes) else text
    try:
        return json.loads(plain, parse_constant=lambda name: None)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except ValueError:
        return _read_mended(plain)


def _read_mended(text: str) -> Any:
    try:
        return json.loads("".join(_mended(_pieces(text))), parse_constant=lambda name: None)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _pieces(text: str) -> list[str]:
    found, position = [], 0
    while position < len(text):
        match = _PIECE.match(text, position)
        if match is None:
            raise ValueError("a text without an end")
        if not match[0].isspace():
            found.append(match[0])
        position = match.end()
    return found


def _mended(pieces: list[str]) -> Iterator[str]:
    before = ""
    for piece, after in pairwise([*pieces, ""]):
        if piece == "," and after in _ENDS:
            continue
        if _ends_a_value(before) and _begins_a_value(piece):
            yield ","
        yield _quoted(piece)
        before = piece


def _ends_a_value(piece: str) -> bool:
    return piece in _ENDS or (piece != "" and piece not in "{[,:")


def _begins_a_value(piece: str) -> bool:
    return piece not in _ENDS and piece not in ",:"


def _quoted(piece: str) -> str:
    if piece.startswith("'"):
        return json.dumps(piece[1:-1].replace("\\'", "'"))
    return json.dumps(piece) if _WORD.fullmatch(piece) and piece not in _VALUES else piece

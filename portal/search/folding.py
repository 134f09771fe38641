"""Letters as a search sees them: small, without accents; whatever is neither letter nor digit is a space.

PostgreSQL folds what is stored and Python what is asked, both by the tables below: neither a locale nor an extension of the
database has a say, so the two always agree.
"""

import unicodedata

# Letters that become two.
PAIRS = {"ß": "ss", "ẞ": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "þ": "th", "Þ": "th"}
# Letters of Unicode that are written with a stroke rather than an accent, which it does not take apart.
STROKES = {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ı": "i", "ŧ": "t"}
LATIN_GREEK_CYRILLIC = (*range(0x80, 0x530), *range(0x1E00, 0x2000))
ACCENTS = range(0x300, 0x370)
PUNCTUATION = (*range(0x2000, 0x2070), *range(0x3000, 0x3004))
ASCII = {chr(code): chr(code).lower() if chr(code).isalnum() else " " for code in range(1, 128)}


def _folded(letter: str) -> str:
    """One character for one: without its accents, or as it is where nothing single stands for it."""
    if not letter.isalnum():
        return " "
    bare = "".join(part for part in unicodedata.normalize("NFKD", letter) if ord(part) not in ACCENTS).lower()
    bare = STROKES.get(bare, bare)
    return bare if len(bare) == 1 and bare.isalnum() else letter


WIDE = ASCII | {chr(code): _folded(chr(code)) for code in (*LATIN_GREEK_CYRILLIC, *PUNCTUATION)}
CHANGED = {letter: folded for letter, folded in WIDE.items() if letter != folded and ord(letter) not in ACCENTS}
DELETED = "".join(map(chr, ACCENTS))
_TABLE = str.maketrans({**CHANGED, **PAIRS, **dict.fromkeys(DELETED, ""), "\0": " "})


def fold(text: str) -> str:
    """ "John.Smith" and "JÖHN  smith" as "john smith"."""
    return " ".join(part for part in text.translate(_TABLE).split(" ") if part)


def fold_sql() -> str:
    """`search_fold(text)`, the same in the database. Plain ASCII, nearly everything there is, takes the quick way."""
    wide_from, wide_to = _translation({a: b for a, b in CHANGED.items() if a not in PAIRS})
    paired = "value"
    for letter, pair in PAIRS.items():
        paired = f"replace({paired}, {_quoted(letter)}, {_quoted(pair)})"
    return f"""
create or replace function search_fold(value text) returns text language sql immutable strict parallel safe as $fold$
  select case when octet_length(value) = length(value)
    then btrim(regexp_replace(lower(value collate "C"), '[^a-z0-9]+', ' ', 'g'))
    else array_to_string(array_remove(string_to_array(
      translate({paired}, {wide_from[:-1]}{DELETED}', {wide_to}), ' '), ''), ' ')
  end
$fold$"""


def _translation(changed: dict[str, str]) -> tuple[str, str]:
    return _quoted("".join(changed)), _quoted("".join(changed.values()))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

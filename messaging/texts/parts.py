"""How long an SMS is: the GSM 7-bit alphabet with its extension table (3GPP TS 23.038), else UCS-2, and the parts it makes."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

GSM, UCS2 = "GSM-7", "UCS-2"
# What fits one message alone, and each part of several, which a header of six bytes joins.
ALONE = {GSM: 160, UCS2: 70}
JOINED = {GSM: 153, UCS2: 67}

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Each is sent as an escape and a second character.
EXTENSION = "\f^{}\\[~]|€"

_BASIC_ALONE = re.compile(f"[{re.escape(BASIC)}]*")
_GSM = re.compile(f"[{re.escape(BASIC + EXTENSION)}]*")
_ESCAPED = re.compile(f"[{re.escape(EXTENSION)}]")
_FORCING = re.compile(f"[^{re.escape(BASIC + EXTENSION)}]")
_PAIRED = re.compile("[\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Measure:
    """`characters` are counted as the network does: an escaped one, and one beyond the basic plane, is two.

    `forcing` are the characters that are not in the GSM alphabet, each once, as they come.
    """

    encoding: str
    characters: int
    parts: int
    forcing: tuple[str, ...] = ()


def measure(text: str) -> Measure:
    """The empty text is one part."""
    if _BASIC_ALONE.fullmatch(text):
        return Measure(GSM, len(text), _parts_of_singles(len(text), GSM))
    if _GSM.fullmatch(text):
        return _measured(text, GSM, _ESCAPED)
    return _measured(text, UCS2, _PAIRED, tuple(dict.fromkeys(_FORCING.findall(text))))


def _measured(text: str, encoding: str, double: re.Pattern[str], forcing: tuple[str, ...] = ()) -> Measure:
    doubles = [found.start() for found in double.finditer(text)]
    characters = len(text) + len(doubles)
    if not doubles or characters <= ALONE[encoding]:
        return Measure(encoding, characters, _parts_of_singles(characters, encoding), forcing)
    return Measure(encoding, characters, len(split_widths(_widths(text, doubles), JOINED[encoding])), forcing)


def _parts_of_singles(characters: int, encoding: str) -> int:
    return 1 if characters <= ALONE[encoding] else -(-characters // JOINED[encoding])


def _widths(text: str, doubles: Iterable[int]) -> list[int]:
    widths = [1] * len(text)
    for place in doubles:
        widths[place] = 2
    return widths


def split_widths(widths: Iterable[int], capacity: int) -> list[int]:
    """How much of `capacity` each part uses, where what is two wide is never divided between parts."""
    used = [0]
    for width in widths:
        if used[-1] + width > capacity:
            used.append(0)
        used[-1] += width
    return used


# --- Replacements ---------------------------------------------------------------------------------------------------

NEAREST = {
    **dict.fromkeys("‘’‚‛′´`ʼ‹›", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("\t\xa0\u2002\u2003\u2007\u2008\u2009\u200a\u202f\u3000", " "),
    **dict.fromkeys("\xad\u200b\u200c\u200d\u2060\ufeff\ufe0e\ufe0f", ""),
    **dict.fromkeys("\u2028\u2029", "\n"),
    **dict.fromkeys("•·‣●", "-"),
    "…": "...",
    "œ": "oe",
    "Œ": "OE",
    "ł": "l",
    "Ł": "L",
    "đ": "d",
    "Đ": "D",
    "ð": "d",
    "ı": "i",
    "×": "x",
    "þ": "th",
    "Þ": "Th",
    "ẞ": "ss",
    "©": "(c)",
    "®": "(r)",
    "⁄": "/",
    "ħ": "h",
    "Ħ": "H",
    "ŧ": "t",
    "Ŧ": "T",
    "ŋ": "n",
}


def replaced(text: str) -> str:
    """`text` with each character that is not in the GSM alphabet as the nearest that is; what has none stays as it is."""
    return _FORCING.sub(lambda found: _nearest(found.group()), unicodedata.normalize("NFC", text))


def _nearest(character: str) -> str:
    if character in NEAREST:
        return NEAREST[character]
    decomposed = unicodedata.normalize("NFKD", character)
    bare = "".join(NEAREST.get(each, each) for each in decomposed if not unicodedata.combining(each))
    return bare if bare and _GSM.fullmatch(bare) else character

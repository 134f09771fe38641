"""How the vendor's IDs are kept, so that what is told of the same thing in two spellings is the same."""

import re

_HEX = re.compile(r"[0-9a-fA-F]{32}")


def canonical_id(told: str) -> str:
    """128 bits in hex are the same in capitals; the document's examples have other IDs, too, which are kept as they came."""
    return told.lower() if _HEX.fullmatch(told) else told

"""Words by which somebody says: send me nothing any more. The whole message is the word, so that "stop maar" is none."""

WORDS = frozenset(
    {
        "STOP", "STOPALL", "STOP ALL", "STOPPEN", "AFMELDEN", "AFMELDING", "UITSCHRIJVEN", "OPZEGGEN", "EINDE",
        "UNSUBSCRIBE", "END", "QUIT", "CANCEL", "OPTOUT", "OPT OUT", "OPT-OUT",
    }
)  # fmt: skip
AROUND = " \t\r\n.,!?\"'“”‘’\N{ZERO WIDTH SPACE}\N{NO-BREAK SPACE}"


def stop_word(text: str) -> str:
    """The stop word that `text` is, "" where it is none."""
    said = " ".join(text.strip(AROUND).upper().split())
    return said if said in WORDS else ""

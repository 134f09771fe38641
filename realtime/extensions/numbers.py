"""External numbers of the directory, told without + though they are E.164 ("List of Extensions")."""


def external(told: str) -> str:
    """With +; one that begins with a single 0 is a national number, which is kept as it came; "" is none."""
    digits = told.removeprefix("+").removeprefix("00")
    if not digits or digits.startswith("0"):
        return digits
    return f"+{digits}"

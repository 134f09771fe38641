"""What differs between two versions, by line."""

from dataclasses import dataclass
from difflib import SequenceMatcher

# Lines of what is equal that are shown around a difference.
CONTEXT = 3


@dataclass(frozen=True)
class Line:
    """`kind` is "same", "gone", "new" or "skipped"; the numbers are of the line before and after, None where it is not."""

    kind: str
    text: str
    before: int | None = None
    after: int | None = None


def differences(before: str, after: str) -> list[Line]:
    """The lines of both with what is equal shortened to CONTEXT lines around; nothing for equal texts."""
    old, new = before.splitlines(), after.splitlines()
    matcher = SequenceMatcher(a=old, b=new, autojunk=False)
    lines: list[Line] = []
    for group in matcher.get_grouped_opcodes(CONTEXT):
        if group[0][1]:
            lines.append(Line("skipped", ""))
        for kind, first, last, new_first, new_last in group:
            if kind == "equal":
                pairs = zip(range(first, last), range(new_first, new_last), strict=True)
                lines += [Line("same", old[a], a + 1, b + 1) for a, b in pairs]
                continue
            lines += [Line("gone", old[a], before=a + 1) for a in range(first, last)]
            lines += [Line("new", new[b], after=b + 1) for b in range(new_first, new_last)]
    return lines

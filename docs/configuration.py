"""Write the README's table of variables from `.env.example`: python -m docs.configuration"""

import re
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
README = CHECKOUT / "README.md"
BEGIN, END = "<!-- variables: from .env.example, by python -m docs.configuration -->\n", "<!-- end of variables -->\n"


def table(example: str) -> str:
    """One row a variable: its name, the comment above it, the value that is shown there."""
    rows = ["| variable | what it is | default or example |", "|---|---|---|"]
    for comment, name, value in re.findall(r"((?:^# .*\n)+)^#?([A-Z][A-Z0-9_]*)=(.*)$", example, flags=re.MULTILINE):
        what = " ".join(line.removeprefix("# ") for line in comment.splitlines()).replace("|", r"\|")
        rows.append(f"| `{name}` | {what} | {f'`{value}`' if value else ''} |")
    return "\n".join(rows) + "\n"


def with_table(readme: str, example: str) -> str:
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + table(example) + END + after


if __name__ == "__main__":
    README.write_text(with_table(README.read_text(), (CHECKOUT / ".env.example").read_text()))

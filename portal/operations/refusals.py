"""What is stopped here, before anything is promised to a vendor."""

from typing import Any

from portal.sentences import Sentence


class NotPromised(Exception):
    """Stopped here, before anything was promised; `str()` is a sentence for the person.

    Made from a sentence marked with `gettext_noop` and what its places are filled with, it can be kept and read later in any
    language: `sentence`.
    """

    def __init__(self, text: str, /, **values: Any) -> None:
        super().__init__(text)
        self.sentence = Sentence(text, values)

    def __str__(self) -> str:
        return str(self.sentence)

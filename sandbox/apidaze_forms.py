"""Form-encoded bodies as Apidaze takes them: the documented fields, each once, under the one content type."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from sandbox.wire import Call, Refusal

CONTENT_TYPE = "application/x-www-form-urlencoded"
MOST_FIELDS = 100
LONGEST_VALUE = 2000


@dataclass(frozen=True, slots=True)
class Form:
    """What one operation takes. An `open` form takes fields of any other name as well."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    open: bool = False

    def read(self, call: Call) -> dict[str, str]:
        """The fields that were given. Raises Refusal 400."""
        given = _pairs(call)
        for name, value in given.items():
            self._check(name, value)
        for name in self.required:
            if not given.get(name):
                raise Refusal(400, "MissingField", f"{name} is required.", name)
        return given

    def _check(self, name: str, value: str) -> None:
        if not self.open and name not in (*self.required, *self.optional):
            raise Refusal(400, "UnknownField", "There is no such field.", name[:100])
        if len(value) > LONGEST_VALUE or not value.isprintable():
            raise Refusal(400, "InvalidField", f"{name[:100]} is not printable text of this length.", name[:100])


def _pairs(call: Call) -> dict[str, str]:
    if not call.body and not call.content_type:
        return {}
    if call.content_type.partition(";")[0].strip().lower() != CONTENT_TYPE:
        raise Refusal(400, "WrongContentType", f"The body must be {CONTENT_TYPE}.", call.content_type[:100])
    if not call.body:
        return {}
    try:
        pairs = _decoded(call.body)
    except ValueError as error:
        raise Refusal(400, "MalformedBody", "The body is not a form.", str(error)[:200]) from None
    if len(dict(pairs)) < len(pairs):
        raise Refusal(400, "RepeatedField", "A field may be given once.")
    return dict(pairs)


def _decoded(body: bytes) -> list[tuple[str, str]]:
    return parse_qsl(
        body.decode("utf-8"), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=MOST_FIELDS
    )

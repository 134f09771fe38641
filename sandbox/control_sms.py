"""The control client's part for KPN's SMS. Each method is one line of README.md's table."""

from collections.abc import Sequence
from typing import Any, TypedDict


class SentMessage(TypedDict):
    """A message that the vendor sent: `number` in E.164, `end` the status that its last report tells."""

    id: int
    message_id: str
    document_id: str
    number: str
    text: str
    sender: str
    webhook_url: str
    expires_in: int | None
    at: str
    end: int
    error_code: str


class WebhookPost(TypedDict):
    """A report or an inbound message: `state` is held, waiting, under_way, delivered or given_up."""

    id: int
    url: str
    status: int | None
    error_code: str
    happened_at: float
    state: str
    attempts: int
    answer: int | None
    number: str | None
    message_id: str | None


class Posting(TypedDict):
    """What one attempt was answered: a status, 0 without an answer, None while it is held."""

    id: int
    answer: int | None
    attempt: int


class SmsControl:
    def _call(self, method: str, path: str, body: Any = None, *, query: dict[str, Any] | None = None) -> Any:
        raise NotImplementedError

    def sms_settings(self, client_id: str, **fields: Any) -> dict[str, Any]:
        """Changes the fields that are given, and tells all of them."""
        return self._call("PATCH", f"/accounts/{client_id}/sms", fields)

    def sms(self, client_id: str) -> list[SentMessage]:
        """Every message that was really sent, in its order."""
        return self._pages(f"/accounts/{client_id}/sms/messages", "messages", {})

    def sms_reports(self, client_id: str, state: str | None = None) -> list[WebhookPost]:
        return self._pages(f"/accounts/{client_id}/sms/reports", "reports", {"state": state})

    def post_sms_reports(
        self, client_id: str, ids: Sequence[int] | None = None, *, signing: str | None = None
    ) -> list[Posting]:
        """Posts these now, also again (all that are held without `ids`), and waits for the answers."""
        body = {"ids": None if ids is None else list(ids), "signing": signing}
        return self._call("POST", f"/accounts/{client_id}/sms/reports/post", body)["posts"]

    def sms_report(self, client_id: str, number: str, status: int, error_code: str = "", **how: Any) -> Posting:
        """One more report of the newest message to `number`, posted now.

        `how`: `message_id`, `url`, `signing`, `hold`, `left_out`, `more`, `time_as`, `codes_as_text`.
        """
        body = {"number": number, "status": status, "error_code": error_code, **how}
        return self._call("POST", f"/accounts/{client_id}/sms/reports", body)["posts"][0]

    def sms_inbound(self, client_id: str, sender: str, recipient: str, content: str, **how: Any) -> Posting:
        """An SMS from `sender` to a virtual number, posted now. `how`: `url`, `message_id`, `type`, `signing`, `hold`."""
        body = {"sender": sender, "recipient": recipient, "content": content, **how}
        return self._call("POST", f"/accounts/{client_id}/sms/inbound", body)["posts"][0]

    def set_report_speed(self, factor: float) -> None:
        """Divides the times between messages, reports and attempts from now on."""
        self._call("PATCH", "/settings", {"report_speed": factor})

    def _pages(self, path: str, name: str, query: dict[str, Any]) -> list[Any]:
        found: list[Any] = []
        while page := self._call("GET", path, query=query | {"after": found[-1]["id"] if found else 0})[name]:
            found += page
        return found

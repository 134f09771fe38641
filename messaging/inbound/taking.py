"""How inbound messages are kept: once each, at their number, with stop words heeded and forwardings begun."""

from collections.abc import Iterable, Sequence

from messaging.inbound.stop_words import stop_word
from messaging.models import Forward, InboundMessage, OptOut, Report, SmsAccount, VirtualNumber
from messaging.people.optouts import opt_out
from messaging.reports.reading import Inbound

Come = tuple[Report, Inbound]


def take(account: SmsAccount, come: Sequence[Come]) -> None:
    """Keep what has come over a connection. In the caller's transaction, which holds the account."""
    if not come:
        return
    numbers = _numbers(account, {said.recipient for _report, said in come})
    new = _new(account, come, numbers)
    InboundMessage.objects.bulk_create(new)
    Forward.objects.bulk_create([each for message in new for each in _forwards(message)])
    _opt_out(account, new)


def _numbers(account: SmsAccount, called: Iterable[str]) -> dict[str, VirtualNumber]:
    """A number that nobody entered is known from its first message on."""
    rows = [
        VirtualNumber(tenant_id=account.tenant_id, connection_id=account.connection_id, number=number)
        for number in sorted(called)
    ]
    VirtualNumber.objects.bulk_create(rows, ignore_conflicts=True)
    known = VirtualNumber.objects.filter(connection_id=account.connection_id, number__in=[row.number for row in rows])
    return {row.number: row for row in known}


def _new(account: SmsAccount, come: Sequence[Come], numbers: dict[str, VirtualNumber]) -> list[InboundMessage]:
    """Nobody else writes messages of this connection meanwhile, so what is not there is new."""
    ids = {said.vendor_id for _report, said in come}
    kept = InboundMessage.objects.filter(connection_id=account.connection_id, vendor_id__in=ids)
    known = set(kept.values_list("vendor_id", flat=True))
    new: dict[str, InboundMessage] = {}
    for report, said in come:
        if said.vendor_id not in known:
            new.setdefault(said.vendor_id, _message(account, report, said, numbers[said.recipient]))
    return list(new.values())


def _message(account: SmsAccount, report: Report, said: Inbound, number: VirtualNumber) -> InboundMessage:
    return InboundMessage(
        tenant_id=account.tenant_id,
        connection_id=account.connection_id,
        to=number,
        sender=said.sender,
        text=said.text,
        vendor_id=said.vendor_id,
        sent_at=said.at,
        received_at=report.received_at,
        stop_word=stop_word(said.text),
    )


def _forwards(message: InboundMessage) -> Iterable[Forward]:
    for way, target in ((Forward.Way.MAIL, message.to.forward_to_mail), (Forward.Way.URL, message.to.forward_to_url)):
        if target:
            yield Forward(tenant_id=message.tenant_id, inbound=message, way=way, target=target)


def _opt_out(account: SmsAccount, new: Iterable[InboundMessage]) -> None:
    for word, senders in _by_word(new).items():
        opt_out(account.tenant_id, senders, OptOut.Source.REPLY, word, acting_user=None)


def _by_word(new: Iterable[InboundMessage]) -> dict[str, list[str]]:
    """Only a number can stand on the list; a sender may be a name."""
    found: dict[str, list[str]] = {}
    for message in new:
        if message.stop_word and message.sender.startswith("+"):
            found.setdefault(message.stop_word, []).append(message.sender)
    return found

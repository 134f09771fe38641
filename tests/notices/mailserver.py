"""A mail server that keeps what it is given; it can refuse, break off, and be away."""

import socketserver
import threading
from email import message_from_bytes
from email.message import Message
from email.policy import default


class MailServer:
    """Listens on `port` between `start()` and `stop()`; `mails` are those it took, `refused` are addresses it does not know.

    `breaks_off` many mails are taken, and the connection dies before it says so.
    """

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.refused: set[str] = set()
        self.breaks_off = 0
        self.port = 0
        self._server: socketserver.ThreadingTCPServer | None = None

    def start(self) -> "MailServer":
        self._server = _Server(("127.0.0.1", self.port), _Dialogue)
        self._server.sink = self
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def stop(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    sink: MailServer


class _Dialogue(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self._say("220 sink")
        for line in iter(self.rfile.readline, b""):
            verb = line[:4].upper()
            if verb == b"DATA":
                if not self._take():
                    return
            elif verb == b"RCPT" and any(address.encode() in line for address in self.server.sink.refused):
                self._say("550 nobody of that name")
            elif verb == b"QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 sink")

    def _take(self) -> bool:
        self._say("354 go on")
        lines = []
        for line in iter(self.rfile.readline, b".\r\n"):
            lines.append(line)
        self.server.sink.mails.append(message_from_bytes(b"".join(lines), policy=default))
        if self.server.sink.breaks_off:
            self.server.sink.breaks_off -= 1
            return False
        self._say("250 taken")
        return True

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

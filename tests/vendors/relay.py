"""A relay between a client and its simulated vendor that holds both to the vendor's published contract."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

HOP_BY_HOP = {"connection", "content-length", "host", "transfer-encoding", "date", "server", "content-encoding"}


class Relay(ThreadingHTTPServer):
    """`contract` is the module that knows it: `operation_of`, `complaints_of_request`, `complaints_of_answer`.

    `complaints` is what either side did wrong; `operations` are the names of those that were called, in order.
    """

    daemon_threads = True

    def __init__(self, target: str, contract: Any) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = target
        self.contract = contract
        self.complaints: list[str] = []
        self.operations: list[str] = []
        self.session = requests.Session()
        self.session.trust_env = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Relay

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        self.server.complaints += self.server.contract.complaints_of_request(self.command, self.path, headers, body)
        answer = self.server.session.request(
            self.command, self.server.target + self.path, headers=headers, data=body, timeout=10, allow_redirects=False
        )
        if operation := self.server.contract.operation_of(self.command, self.path):
            self.server.operations.append(operation.name)
            kind = answer.headers.get("Content-Type", "")
            self.server.complaints += self.server.contract.complaints_of_answer(
                operation, answer.status_code, kind, answer.content
            )
        self._answer(answer)

    do_GET = do_POST = do_PUT = do_DELETE = _pass_on

    def _answer(self, answer: requests.Response) -> None:
        self.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        if answer.status_code != 204:
            self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the screen."""


@contextmanager
def relaying(target: str, contract: Any) -> Iterator[Relay]:
    relay = Relay(target, contract)
    thread = threading.Thread(target=relay.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield relay
    finally:
        relay.shutdown()
        relay.server_close()
        thread.join()

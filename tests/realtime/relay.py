"""A relay between the client and the simulated Kwebbl that holds both to the vendor's document."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

from tests.realtime.kwebbl_contract import (
    complaints_of_answer,
    complaints_of_request,
    complaints_of_token_request,
    operation_of,
)

PASSED_ON = ("authorization", "content-type")


class Relay(ThreadingHTTPServer):
    """`complaints` is what either side did wrong; `operations` are method and path pattern of those that were called."""

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = target
        self.complaints: list[str] = []
        self.operations: list[tuple[str, str]] = []
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
        headers = {name.lower(): value for name, value in self.headers.items()}
        told = {name: headers[name] for name in PASSED_ON if name in headers}
        if self.path == "/token":
            self.server.complaints += complaints_of_token_request(headers, body)
        else:
            self.server.complaints += complaints_of_request(self.command, self.path, headers, body)
        answer = self.server.session.request(
            self.command, self.server.target + self.path, headers=told, data=body, timeout=10, allow_redirects=False
        )
        if operation := operation_of(self.command, self.path):
            self.server.operations.append((operation.method, operation.path))
            self.server.complaints += complaints_of_answer(operation, answer.status_code, answer.content)
        self._answer(answer)

    do_GET = do_POST = do_PUT = do_DELETE = _pass_on

    def _answer(self, answer: requests.Response) -> None:
        self.send_response(answer.status_code)
        for name in ("Content-Type", "X-Transaction-Id", "WWW-Authenticate"):
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the screen."""


@contextmanager
def relaying(target: str) -> Iterator[Relay]:
    relay = Relay(target)
    thread = threading.Thread(target=relay.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield relay
    finally:
        relay.shutdown()
        relay.server_close()
        thread.join()

"""A vendor with long lists, in a process of its own: every GET is answered with the file of that path, as it is.

python -m bench.listing DIRECTORY        # prints its port
"""

import shutil
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Listing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    directory = Path()

    def do_GET(self) -> None:
        path = self.directory / self.path.lstrip("/")
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(path.stat().st_size))
        self.end_headers()
        with path.open("rb") as file:
            shutil.copyfileobj(file, self.wfile)

    def log_message(self, *args: object) -> None:
        """Quiet."""


def main() -> None:
    Listing.directory = Path(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Listing)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

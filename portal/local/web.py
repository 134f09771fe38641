"""One web process on sockets that the supervisor listens on: `python -m portal.local.web FD…`.

The supervisor holds the port, so a page asked for while a process is replaced waits for the next one.
"""

import socket
import sys

import uvicorn


def serve(descriptors: list[int]) -> None:
    """Answer until SIGTERM; open streams get three seconds then."""
    config = uvicorn.Config(
        "portal.asgi:application",
        timeout_graceful_shutdown=3,
        # Whom to believe about the client's address is a setting of the portal (TRUSTED_PROXIES).
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="warning",
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=descriptor) for descriptor in descriptors])


if __name__ == "__main__":
    serve([int(argument) for argument in sys.argv[1:]])

"""What is no page: connections that stay open, as raw ASGI on the event loop. Apps are named in `settings.STREAMS`.

A server that is told to stop waits for open connections. So the signal is heard here first, and streams end by themselves.
"""

import asyncio
import re
import signal
from collections.abc import Awaitable, Callable
from functools import cache
from types import FrameType
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

Stream = Callable[..., Awaitable[None]]
SIGNALS = (signal.SIGTERM, signal.SIGINT)


def stream_at(path: str) -> tuple[Stream, dict[str, str]] | None:
    """The stream whose pattern is the whole of `path`, and what the pattern's groups found."""
    for pattern, application in _streams():
        if found := pattern.fullmatch(path):
            return application, found.groupdict()
    return None


@cache
def _streams() -> list[tuple[re.Pattern[str], Stream]]:
    return [(re.compile(pattern), import_string(name)) for pattern, name in settings.STREAMS]


class Ending:
    """Is this process about to stop? Whoever streams asks, and is called when it begins (`tell`)."""

    def __init__(self) -> None:
        self.begun = False
        self._listeners: list[Callable[[], None]] = []

    def tell(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    def begin(self) -> None:
        self.begun = True
        for listener in self._listeners:
            listener()

    def hear_signals(self) -> None:
        """Before the server's own handlers, which go on as before. Nothing where signals are not this thread's."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            try:
                signal.signal(number, self._chained(loop, signal.getsignal(number)))
            except ValueError:
                return

    def _chained(self, loop: asyncio.AbstractEventLoop, follow: Any) -> Callable[[int, FrameType | None], None]:
        def heard(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(self.begin)
            if callable(follow):
                follow(number, frame)

        return heard


ending = Ending()

"""A large answer outside memory: written once, read as often as wanted, gone with its last holder."""

import os
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

KEPT_IN_MEMORY = 1_000_000
PIECE = 65_536


class Spool:
    """`size` is in bytes. What does not fit into a megabyte lies in a file that has no name.

    A vendor's list carries passwords: the file is enciphered (AES-256 in counter mode) with a key that only this object has.
    """

    def __init__(self) -> None:
        self.size = 0
        self._file = SpooledTemporaryFile(KEPT_IN_MEMORY)  # noqa: SIM115 - closed by `close`
        self._cipher = Cipher(AES256(os.urandom(32)), CTR(os.urandom(16)))
        self._hide = self._cipher.encryptor()

    def write(self, piece: bytes) -> None:
        self._file.write(self._hide.update(piece))
        self.size += len(piece)

    def pieces(self) -> Iterator[bytes]:
        """From the beginning, each time."""
        show, place = self._cipher.decryptor(), 0
        while True:
            # Somebody else may be reading, too.
            self._file.seek(place)
            piece = self._file.read(PIECE)
            if not piece:
                return
            place += len(piece)
            yield show.update(piece)

    def close(self) -> None:
        self._file.close()

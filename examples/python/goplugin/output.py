"""What the program prints, kept until the host takes it."""

import asyncio
import io
import threading
from collections import deque
from contextlib import suppress
from typing import Deque, TextIO, Tuple

LIMIT = 1 << 20


class Output:
    """Chunks of stdout and stderr. Above 1 MiB the oldest are dropped: a host may never ask for them."""

    def __init__(self) -> None:
        self._chunks: Deque[Tuple[int, bytes]] = deque()
        self._size = 0
        self._lock = threading.Lock()
        self._loop = asyncio.get_running_loop()
        self._added = asyncio.Event()
        self._taken = asyncio.Event()
        self._taken.set()

    def stream(self, channel: int) -> TextIO:
        """A stand-in for sys.stdout or sys.stderr."""
        return io.TextIOWrapper(_Channel(self, channel), encoding="utf-8", write_through=True)

    def add(self, channel: int, data: bytes) -> None:
        """From any thread."""
        with self._lock:
            self._chunks.append((channel, data))
            self._size += len(data)
            while self._size > LIMIT and len(self._chunks) > 1:
                self._size -= len(self._chunks.popleft()[1])
        # The loop is closed when the program prints at its very end.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._tell)

    async def take(self) -> Tuple[int, bytes]:
        await self._added.wait()
        with self._lock:
            channel, data = self._chunks.popleft()
            self._size -= len(data)
        self._tell()
        return channel, data

    async def taken(self) -> None:
        """Waits until the host has taken everything."""
        await self._taken.wait()

    def _tell(self) -> None:
        if self._chunks:
            self._added.set()
            self._taken.clear()
        else:
            self._added.clear()
            self._taken.set()


class _Channel(io.RawIOBase):
    def __init__(self, output: Output, channel: int) -> None:
        self._output = output
        self._number = channel

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self._output.add(self._number, bytes(data))
        return len(data)

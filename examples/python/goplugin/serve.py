"""The life of a plugin, from the cookie to its end."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from typing import Callable

from grpclib.server import Server

from .broker import Broker
from .handshake import Handshake, announce, check_cookie, choose_version
from .logs import log_to
from .output import Output
from .services import Controller, Health, Stdio
from .sockets import SocketDirectory, give_to_group
from .tls import auto_mtls

STDOUT, STDERR = 1, 2
CLOSE_SECONDS = 1

# Read at once: the host may have gone before it is asked for again.
HOST_PID = os.getppid()


def serve(handshake: Handshake, services: Callable[[Broker], list]) -> None:
    """Serves the services that are made with the broker, and returns when the host asks for the end, or is gone."""
    check_cookie(handshake)
    real_stdout, real_stderr = sys.stdout, sys.stderr
    log_to(real_stderr)
    try:
        asyncio.run(_serve(handshake, services))
    finally:
        sys.stdout, sys.stderr = real_stdout, real_stderr


async def _serve(handshake: Handshake, services: Callable[[Broker], list]) -> None:
    stop = asyncio.Event()
    end_by_host_only(stop)
    real_stdout, output = sys.stdout, Output()
    # Before anything can print: the handshake is the first line of the real stdout, and the last.
    sys.stdout, sys.stderr = output.stream(STDOUT), output.stream(STDERR)
    directory, tls = SocketDirectory(), auto_mtls()
    broker = Broker(directory, tls)
    server = Server([*services(broker), Health(), Stdio(output), Controller(output, stop), broker])
    try:
        path = directory.new_path()
        await server.start(path=path, ssl=tls.server if tls else None)
        give_to_group(path)
        announce(real_stdout, choose_version(handshake.versions), path, tls.certificate if tls else b"")
        await first_of(stop.wait(), host_gone())
    finally:
        broker.close()
        server.close()
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(server.wait_closed(), CLOSE_SECONDS)
        directory.remove()


def end_by_host_only(stop: asyncio.Event) -> None:
    """Ctrl-C reaches the plugin too where it shares the host's terminal, and is meant for the host."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)


async def host_gone() -> None:
    """A process whose parent has exited gets another one."""
    while os.getppid() == HOST_PID:
        await asyncio.sleep(1)


async def first_of(*waits) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()

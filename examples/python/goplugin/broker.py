"""Further connections between host and plugin, each over a socket of its own."""

import asyncio
import itertools
from collections import defaultdict
from typing import Callable, DefaultDict, List, Optional

from grpc_broker_grpc import GRPCBrokerBase
from grpc_broker_pb2 import ConnInfo
from grpclib.client import Channel
from grpclib.config import Configuration
from grpclib.server import Server

from .sockets import SocketDirectory, give_to_group
from .tls import Tls

WAIT_SECONDS = 5


class Broker(GRPCBrokerBase):
    """Dials what the host offers, and offers servers of its own."""

    def __init__(self, directory: SocketDirectory, tls: Optional[Tls]) -> None:
        self._directory = directory
        self._tls = tls
        self._ids = itertools.count(1)
        self._servers: List[Server] = []
        self._outgoing: "asyncio.Queue[ConnInfo]" = asyncio.Queue()
        # By id, made by whoever comes first: the message or the dial.
        self._offers: DefaultDict[int, "asyncio.Future[ConnInfo]"] = defaultdict(asyncio.Future)

    async def StartStream(self, stream) -> None:
        """The host calls it once, and keeps it open for as long as it is connected."""
        await stream.send_initial_metadata()
        sending = asyncio.ensure_future(self._send(stream))
        try:
            async for info in stream:
                self._receive(info)
        finally:
            sending.cancel()

    async def dial(self, broker_id: int) -> Channel:
        """Connects to what the host serves at this id. One offer serves one dial."""
        try:
            info = await asyncio.wait_for(self._offers[broker_id], WAIT_SECONDS)
        finally:
            self._offers.pop(broker_id, None)
        if info.network == "unix":
            return Channel(path=info.address, **self._security())
        host, _, port = info.address.rpartition(":")
        return Channel(host or "127.0.0.1", int(port), **self._security())

    async def serve(self, services: Callable[["Broker"], list]) -> int:
        """Serves more services to the host, until the plugin ends; the result is the id that the host dials."""
        broker_id = next(self._ids)
        server = Server(services(self))
        path = self._directory.new_path()
        await server.start(path=path, ssl=self._tls.server if self._tls else None)
        give_to_group(path)
        self._servers.append(server)
        self._outgoing.put_nowait(ConnInfo(service_id=broker_id, network="unix", address=path))
        return broker_id

    def close(self) -> None:
        for server in self._servers:
            server.close()

    async def _send(self, stream) -> None:
        while True:
            await stream.send_message(await self._outgoing.get())

    def _receive(self, info: ConnInfo) -> None:
        offer = self._offers[info.service_id]
        if offer.done():
            return
        offer.set_result(info)
        # An offer that nobody dials is dropped.
        asyncio.get_running_loop().call_later(WAIT_SECONDS, self._drop, info.service_id, offer)

    def _drop(self, broker_id: int, offer: "asyncio.Future[ConnInfo]") -> None:
        if self._offers.get(broker_id) is offer:
            del self._offers[broker_id]

    def _security(self) -> dict:
        """The end that dials is the TLS client, here the plugin. Any host's certificate is for the name localhost."""
        if self._tls is None:
            return {}
        return {"ssl": self._tls.client, "config": Configuration(ssl_target_name_override="localhost")}

"""The three services that every host of go-plugin calls, besides the broker."""

import asyncio
from contextlib import suppress

from grpc_controller_grpc import GRPCControllerBase
from grpc_controller_pb2 import Empty
from grpc_stdio_grpc import GRPCStdioBase
from grpc_stdio_pb2 import StdioData
from grpclib import GRPCError, Status
from health_grpc import HealthBase
from health_pb2 import HealthCheckResponse

from .output import Output

FLUSH_SECONDS = 1


class Health(HealthBase):
    """The host's ping asks for the name `plugin`; the empty name is the server as a whole."""

    async def Check(self, stream) -> None:
        request = await stream.recv_message()
        if request.service not in ("", "plugin"):
            raise GRPCError(Status.NOT_FOUND, "unknown service")
        await stream.send_message(HealthCheckResponse(status="SERVING"))

    async def Watch(self, stream) -> None:
        raise GRPCError(Status.UNIMPLEMENTED)

    async def List(self, stream) -> None:
        raise GRPCError(Status.UNIMPLEMENTED)


class Stdio(GRPCStdioBase):
    def __init__(self, output: Output) -> None:
        self._output = output

    async def StreamStdio(self, stream) -> None:
        await stream.recv_message()
        while True:
            channel, data = await self._output.take()
            await stream.send_message(StdioData(channel=channel, data=data))


class Controller(GRPCControllerBase):
    def __init__(self, output: Output, stop: asyncio.Event) -> None:
        self._output = output
        self._stop = stop

    async def Shutdown(self, stream) -> None:
        await stream.recv_message()
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._output.taken(), FLUSH_SECONDS)
        await stream.send_message(Empty())
        await stream.send_trailing_metadata()
        # The host waits two seconds, then kills.
        self._stop.set()

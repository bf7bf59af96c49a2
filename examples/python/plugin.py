"""Merges two versions of a document and asks the host about conflicts: ../bidirectional/plugin.ts in Python."""

import logging

from goplugin.broker import Broker
from goplugin.handshake import Handshake
from goplugin.serve import serve
from merge_grpc import MergerBase, RefereeStub
from merge_pb2 import Conflict, MergeResponse

HANDSHAKE = Handshake(cookie_key="MERGER_PLUGIN", cookie_value="hello", versions=[1])


class Merger(MergerBase):
    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def Merge(self, stream) -> None:
        request = await stream.recv_message()
        logging.info("merging", extra={"fields": {"ours": len(request.ours), "theirs": len(request.theirs)}})
        # The host serves a referee for as long as this call runs.
        async with await self._broker.dial(request.referee) as channel:
            merged = await merge(request, RefereeStub(channel))
        # Goes to the host by GRPCStdio, as all that the program prints.
        print(f"merged {len(merged)} values")
        await stream.send_message(MergeResponse(merged=merged))


async def merge(request, referee: RefereeStub) -> dict[str, str]:
    merged = {**request.theirs, **request.ours}
    for key in sorted(request.ours.keys() & request.theirs.keys()):
        ours, theirs = request.ours[key], request.theirs[key]
        if ours != theirs:
            merged[key] = (await referee.Decide(Conflict(key=key, ours=ours, theirs=theirs))).value
    return merged


if __name__ == "__main__":
    serve(HANDSHAKE, lambda broker: [Merger(broker)])

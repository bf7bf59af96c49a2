import { of } from 'rxjs';
import type { GrpcChannel } from '../../src/protocols/grpc/client/channel.js';
import { localStatus } from '../../src/protocols/grpc/shared/status.js';
import { OpenCalls } from '../../src/supervision/calls/open-call.js';
import type { CallMember } from '../../src/supervision/calls/switched-call.js';
import type { ChannelRoute } from '../../src/supervision/calls/switching-channel.js';

/** One channel for ever, as the route of a switching channel: then switching changes nothing. */
export function routeTo(channel: GrpcChannel): ChannelRoute {
  const member: CallMember = { generation: 1, channel, calls: new OpenCalls(), made: 0, answers: 0 };
  return {
    get state() {
      return channel.state;
    },
    state$: channel.state$,
    available$: of(undefined),
    authority: channel.authority,
    ...(channel.peerName === undefined ? {} : { peerName: channel.peerName }),
    maxReceiveMessageBytes: channel.maxReceiveMessageBytes,
    maxSendMessageBytes: channel.maxSendMessageBytes,
    limitMs: Number.POSITIVE_INFINITY,
    pick: () => member,
    refusal: () => undefined,
    waitedTooLong: () => localStatus(14, ''),
    mayReplay: () => false,
    connect: () => channel.connect(),
    members: () => [member],
    close: (because) => channel.close(because),
  };
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createYamuxSession } from '../../../src/transports/yamux/session.js';
import { encodeYamuxHeader, YamuxFlag, YamuxFrameType } from '../../../src/wire/yamux/header.js';
import { needsGo } from '../../conformance/build-go.js';
import { RawPeer, socketPair } from '../../transports/yamux/support.js';
import { startGoPeer } from './go-peer.js';

const go = needsGo();
const { data, windowUpdate, ping, goAway } = YamuxFrameType;
const { syn, ack, fin, rst } = YamuxFlag;
const WINDOW = 262_144;

type Step = readonly [type: number, flags: number, streamId: number, length: number, payloadBytes?: number];

/** What a hostile or clumsy client may send, after which the session lives or not; in Go, and for us too unless said otherwise. */
const SCRIPTS: readonly (readonly [name: string, survives: boolean, steps: readonly Step[], weAreStricter?: true])[] = [
  ['nothing', true, []],
  ['an unknown version', false, [[0x1_00, 0, 0, 0]]],
  ['type 4', false, [[4, 0, 0, 0]]],
  ['type 255', false, [[255, 0, 0, 0]]],
  ['unknown flags', true, [[windowUpdate, syn | 0xfff0, 1, 0]]],
  ['every flag at once on a new stream', true, [[windowUpdate, syn | ack | rst, 1, 0]]],
  ['data for an unknown stream', true, [[data, 0, 9, 1000, 1000]]],
  ['a window update for an unknown stream', true, [[windowUpdate, 0, 9, 5]]],
  ['FIN for an unknown stream', true, [[windowUpdate, fin, 9, 0]]],
  ['RST for an unknown stream', true, [[windowUpdate, rst, 9, 0]]],
  ['ACK for an unknown stream', true, [[windowUpdate, ack, 9, 0]]],
  [
    'a stray ACK',
    true,
    [
      [windowUpdate, syn, 1, 0],
      [windowUpdate, ack, 1, 0],
    ],
  ],
  [
    'a second SYN',
    false,
    [
      [windowUpdate, syn, 1, 0],
      [windowUpdate, syn, 1, 0],
    ],
  ],
  [
    'a second SYN after RST',
    true,
    [
      [windowUpdate, syn, 1, 0],
      [windowUpdate, rst, 1, 0],
      [windowUpdate, syn, 1, 0],
    ],
  ],
  [
    'ids that shrink',
    true,
    [
      [windowUpdate, syn, 9, 0],
      [windowUpdate, syn, 3, 0],
    ],
  ],
  ['a full window in one frame', true, [[data, syn, 1, WINDOW, WINDOW]]],
  ['one byte more than the window', false, [[data, syn, 1, WINDOW + 1, WINDOW + 1]]],
  [
    'a frame of 4 GiB',
    false,
    [
      [windowUpdate, syn, 1, 0],
      [data, 0, 1, 0xffffffff],
    ],
  ],
  [
    'a second FIN',
    false,
    [
      [windowUpdate, syn, 1, 0],
      [windowUpdate, fin, 1, 0],
      [windowUpdate, fin, 1, 0],
    ],
  ],
  [
    'data behind FIN',
    true,
    [
      [windowUpdate, syn | fin, 1, 0],
      [data, 0, 1, 3, 3],
    ],
  ],
  [
    'FIN and RST at once',
    true,
    [
      [windowUpdate, syn, 1, 0],
      [windowUpdate, fin | rst, 1, 0],
    ],
  ],
  [
    'credit beyond 2^32',
    true,
    [
      [windowUpdate, syn, 1, 0xffffffff],
      [windowUpdate, 0, 1, 0xffffffff],
    ],
  ],
  ['an answer to no ping', true, [[ping, ack, 0, 99]]],
  ['a ping on a stream', true, [[ping, syn, 77, 99]]],
  ['a go-away', true, [[goAway, 0, 0, 0]]],
  ['a go-away for a protocol error', false, [[goAway, 0, 0, 1]]],
  ['a go-away for an internal error', false, [[goAway, 0, 0, 2]]],
  ['a go-away for nothing known', false, [[goAway, 0, 0, 3]]],
  ["an id of the server's", true, [[windowUpdate, syn, 2, 0]], true],
  ['id 0', true, [[windowUpdate, syn, 0, 0]], true],
];

/** Whether a ping behind the steps is still answered. Neither end accepts a stream: what it would do then could race with the steps. */
async function survives(peer: RawPeer, steps: readonly Step[]): Promise<boolean> {
  for (const [type, flags, streamId, length, payloadBytes = 0] of steps) {
    const header = encodeYamuxHeader({ type: type & 0xff, flags, streamId, length });
    header[0] = type >> 8;
    peer.socket.write(Buffer.concat([header, Buffer.alloc(payloadBytes)]));
  }
  peer.send(ping, syn, 0, 4711);
  try {
    for (;;) {
      const frame = await peer.next();
      if (frame.type === ping && frame.length === 4711) return true;
    }
  } catch {
    return false;
  }
}

async function goSurvives(steps: readonly Step[]): Promise<boolean> {
  await using go = await startGoPeer('server', ['idle']);
  await using peer = new RawPeer(go.socket);
  return await survives(peer, steps);
}

async function weSurvive(steps: readonly Step[]): Promise<boolean> {
  const [dialed, accepted] = await socketPair();
  await using peer = new RawPeer(dialed);
  const session = createYamuxSession(accepted, { role: 'server' });
  try {
    return await survives(peer, steps);
  } finally {
    dialed.destroy();
    await session.close();
  }
}

for (const [name, lives, steps, weAreStricter = false] of SCRIPTS) {
  test(
    `${name}: Go's session ${lives ? 'lives' : 'ends'}, ours ${lives && !weAreStricter ? 'lives' : 'ends'}`,
    go,
    async () => {
      assert.equal(await goSurvives(steps), lives, 'Go');
      assert.equal(await weSurvive(steps), lives && !weAreStricter, 'ours');
    },
  );
}

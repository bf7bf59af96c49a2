const Type = { headers: 1, rstStream: 3, settings: 4, continuation: 9 } as const;

const Flag = { endStream: 1, endHeaders: 4 } as const;

/** RFC 9113 §4.1. */
function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function begin(): Buffer[] {
  return [Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(Type.settings, 0, 0, new Uint8Array())];
}

/** POST, http and / of HPACK's static table, and the authority `plugin`. */
const REQUEST = Buffer.concat([Buffer.of(0x83, 0x86, 0x84, 0x41, 6), Buffer.from('plugin')]);

/** Literal fields without indexing, one in each frame, that never end. */
function largeHeaders(): Buffer[] {
  const value = Buffer.alloc(16_000, 'x');
  // A length of 16 000 in HPACK's integers with a prefix of 7 bits.
  const length = [0x7f, ((16_000 - 127) & 0x7f) | 0x80, (16_000 - 127) >> 7];
  const field = Buffer.concat([Buffer.of(0, 1), Buffer.from('x'), Buffer.from(length), value]);
  const more = Array.from({ length: 65 }, () => frame(Type.continuation, 0, 1, field));
  return [frame(Type.headers, Flag.endStream, 1, REQUEST), ...more];
}

function resetStreams(count: number): Buffer[] {
  const cancelled = Buffer.of(0, 0, 0, 8);
  return Array.from({ length: count }, (_, index) => 2 * index + 1).flatMap((stream) => [
    frame(Type.headers, Flag.endStream | Flag.endHeaders, stream, REQUEST),
    frame(Type.rstStream, 0, stream, cancelled),
  ]);
}

/** What no client sends, and its name. */
export const HOSTILE: ReadonlyMap<string, Uint8Array> = new Map([
  ['bytes that are no preface', Buffer.from('GET / HTTP/1.1\r\nhost: plugin\r\n\r\n'.repeat(10))],
  ['1 MiB of headers', Buffer.concat([...begin(), ...largeHeaders()])],
  ['1000 streams that were reset', Buffer.concat([...begin(), ...resetStreams(1000)])],
]);

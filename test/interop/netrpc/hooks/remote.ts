import type { Duplex } from 'node:stream';

/** A reader that asks for what it wants: `go/wire/remote.go` remoteReader. */

const ASKED_BYTES = 32_768;

/** Go's binary.AppendVarint of a number that is not negative. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value * 2;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Uint8Array.from([...bytes, rest]);
}

/** What the other end reads for us. It ends the stream at the end of its reader. */
export async function* readRemote(stream: Duplex): AsyncGenerator<Uint8Array> {
  let due = ASKED_BYTES;
  stream.write(varint(due));
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    yield chunk;
    due -= chunk.length;
    if (due > 0) continue;
    due = ASKED_BYTES;
    stream.write(varint(due));
  }
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

/** Reads for the other end, out of what is here. */
export async function serveReader(stream: Duplex, content: Uint8Array): Promise<void> {
  let [at, wanted, shift] = [0, 0, 1];
  // What was written last still has to go out when nothing more is read.
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    for (const byte of chunk) {
      wanted += (byte % 128) * shift;
      shift *= 128;
      if (byte >= 0x80) continue;
      const piece = content.subarray(at, at + wanted / 2);
      stream.write(piece);
      at += piece.length;
      if (piece.length < wanted / 2) return void stream.end();
      [wanted, shift] = [0, 1];
    }
  }
}

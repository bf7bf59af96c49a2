import { Duplex, pipeline, type Readable, type Writable } from 'node:stream';
import { ProtocolError } from '../../errors.js';

/**
 * Reads one line and leaves what follows in the stream; `onPart` gets its parts as they arrive. Undefined at the end of the stream. Rejects
 * with ProtocolError ERR_LIMIT_EXCEEDED for a line that is too long, and with the stream's error.
 */
export async function readLine(
  stream: Readable,
  maxBytes: number,
  onPart: (part: Buffer) => void = () => {},
): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for (;;) {
    const chunk = stream.read() as Buffer | null;
    if (chunk === null) {
      if (stream.readableEnded || stream.destroyed) return undefined;
      await readable(stream);
      continue;
    }
    const at = chunk.indexOf(10);
    const part = at < 0 ? chunk : chunk.subarray(0, at);
    size += part.length;
    if (size > maxBytes)
      throw new ProtocolError('ERR_LIMIT_EXCEEDED', `A line of a relay is longer than ${maxBytes} bytes.`);
    parts.push(part);
    onPart(at < 0 ? chunk : chunk.subarray(0, at + 1));
    if (at < 0) continue;
    if (at + 1 < chunk.length) stream.unshift(chunk.subarray(at + 1));
    return Buffer.concat(parts).toString();
  }
}

async function readable(stream: Readable): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const done = (error?: Error): void => {
      for (const event of ['readable', 'end', 'close']) stream.off(event, onEvent);
      stream.off('error', done);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onEvent = (): void => done();
    for (const event of ['readable', 'end', 'close']) stream.on(event, onEvent);
    stream.on('error', done);
  });
}

/** Two ends of a pipe as one connection. */
export function connectionOf(readable: Readable, writable: Writable): Duplex {
  return Duplex.from({ readable, writable }) as Duplex;
}

/** Carries bytes both ways until both directions have ended, or one has failed. */
export function join(one: Duplex, other: Duplex): void {
  pipeline(one, other, () => {});
  pipeline(other, one, () => {});
}

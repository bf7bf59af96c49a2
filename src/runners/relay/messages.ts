import { Duplex, pipeline, type Readable, type Writable } from 'node:stream';
import { ProtocolError } from '../../errors.js';
import type { Address } from '../../wire/handshake/address.js';
import type { Exit } from '../runner.js';

/** The first line that a relay prints: what comes before it is a greeting of the machine. */
export const RELAY_LINE = 'rxplug-relay 1';

/** What the host asks for: the first line of a stream that it opens, and on the stream of `run` a later `kill`. */
export type RelayRequest =
  | {
      readonly kind: 'run';
      readonly command: readonly [string, ...string[]];
      readonly cwd?: string;
      readonly env: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'kill' }
  | { readonly kind: 'stdout' | 'stderr' }
  | { readonly kind: 'dial'; readonly address: Address }
  | { readonly kind: 'listen' };

/** What the relay answers, each in a line of the same stream. */
export type RelayAnswer =
  | { readonly kind: 'started'; readonly id: string; readonly socketDir: string }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly diagnosis: string }
  | { readonly kind: 'exit'; readonly exit: Exit; readonly diagnosis: string }
  | { readonly kind: 'connected' }
  | { readonly kind: 'listening'; readonly address: Address };

/** The first line of a stream that the relay opens: somebody has connected to what it listens at. */
export interface RelayAccepted {
  readonly kind: 'accepted';
  readonly address: Address;
}

/** More than an environment has; less than would hurt. */
const MAX_LINE_BYTES = 4 << 20;

/** Writes a message as one line. */
export function sendLine(stream: Writable, message: RelayRequest | RelayAnswer | RelayAccepted): void {
  stream.write(`${JSON.stringify(message)}\n`);
}

/**
 * Reads one line and leaves what follows in the stream. Undefined at its end. Rejects with ProtocolError ERR_LIMIT_EXCEEDED for a line that
 * is too long, and with the stream's error.
 */
export async function readLine(stream: Readable, maxBytes = MAX_LINE_BYTES): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for (;;) {
    const chunk = stream.read() as Buffer | null;
    if (chunk === null) {
      if (stream.readableEnded || stream.destroyed) return undefined;
      await readable(stream);
      continue;
    }
    const at = chunk.indexOf(10);
    if (at >= 0) {
      if (at + 1 < chunk.length) stream.unshift(chunk.subarray(at + 1));
      return Buffer.concat([...chunks, chunk.subarray(0, at)]).toString();
    }
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxBytes)
      throw new ProtocolError('ERR_LIMIT_EXCEEDED', `A line of a relay is longer than ${maxBytes} bytes.`);
  }
}

/** The next message of a stream; undefined at its end. Rejects with ProtocolError ERR_BAD_FRAME for what is no message. */
export async function readMessage<T extends { readonly kind: string }>(stream: Readable): Promise<T | undefined> {
  const line = await readLine(stream);
  if (line === undefined) return undefined;
  try {
    return JSON.parse(line) as T;
  } catch (cause) {
    throw new ProtocolError('ERR_BAD_FRAME', 'Expected a message of a relay, as a line of JSON.', { cause });
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

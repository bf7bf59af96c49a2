import type { Duplex, Readable, Writable } from 'node:stream';
import { ProtocolError, TransportError } from '../../errors.js';
import { setLoopTimeout } from '../../streams/loop-timeout.js';
import type { Address } from '../../wire/handshake/address.js';
import type { Exit } from '../runner.js';
import { readLine } from './lines.js';

/** The first line that a relay prints: what comes before it is a greeting of the machine. */
export const RELAY_LINE = 'rxplug-relay 1';
/** The same of any version. */
export const ANY_RELAY_LINE = /^rxplug-relay \d+$/;

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

type RelayMessage = RelayRequest | RelayAnswer | RelayAccepted;

/** More than an environment has; less than would hurt. */
const MAX_LINE_BYTES = 4 << 20;

/** How long the other end may take for a message that is due, in milliseconds. Longer than a dial takes there. */
export const ANSWER_TIMEOUT_MS = 15_000;

/** Writes a message as one line. */
export function sendLine(stream: Writable, message: RelayMessage): void {
  stream.write(`${JSON.stringify(message)}\n`);
}

/**
 * The next message of a stream, whenever it comes; undefined at its end. Rejects with ProtocolError: ERR_BAD_FRAME for what is no message,
 * ERR_LIMIT_EXCEEDED for one that is too long.
 */
export async function readMessage<T extends RelayMessage>(stream: Readable): Promise<T | undefined> {
  const line = await readLine(stream, MAX_LINE_BYTES);
  if (line === undefined) return undefined;
  const message = parse(line);
  if (message === undefined)
    throw new ProtocolError('ERR_BAD_FRAME', 'Expected a message of a relay, as a line of JSON.');
  return message as T;
}

/** The same for a message that is due. Rejects with TransportError ERR_CONNECTION_LOST, and destroys the stream, when it does not come. */
export async function readDueMessage<T extends RelayMessage>(
  stream: Duplex,
  timeoutMs = ANSWER_TIMEOUT_MS,
): Promise<T | undefined> {
  const late = (): void => {
    const message = `The other end of the relay did not answer within ${timeoutMs} ms.`;
    stream.destroy(new TransportError('ERR_CONNECTION_LOST', message));
  };
  const cancel = setLoopTimeout(late, timeoutMs, { ref: false });
  try {
    return await readMessage<T>(stream);
  } finally {
    cancel();
  }
}

type Fields = Readonly<Record<string, unknown>>;

const isText = (value: unknown): value is string => typeof value === 'string';
const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const isWords = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every(isText);
const isAddress = (value: unknown): boolean =>
  isObject(value) && (value['network'] === 'unix' || value['network'] === 'tcp') && isText(value['address']);
const isExit = (value: unknown): boolean =>
  isObject(value) &&
  (value['code'] === null || Number.isInteger(value['code'])) &&
  (value['signal'] === null || isText(value['signal']));

/** What each kind of message has to have. The other end is another program, and may be anything. */
const CHECKS: Readonly<Record<RelayMessage['kind'], (message: Fields) => boolean>> = {
  run: ({ command, cwd, env }) =>
    isWords(command) && (cwd === undefined || isText(cwd)) && isObject(env) && Object.values(env).every(isText),
  kill: () => true,
  stdout: () => true,
  stderr: () => true,
  dial: ({ address }) => isAddress(address),
  listen: () => true,
  started: ({ id, socketDir }) => isText(id) && isText(socketDir),
  failed: ({ code, message, diagnosis }) => [code, message, diagnosis].every(isText),
  exit: ({ exit, diagnosis }) => isExit(exit) && isText(diagnosis),
  connected: () => true,
  listening: ({ address }) => isAddress(address),
  accepted: ({ address }) => isAddress(address),
};

function parse(line: string): Fields | undefined {
  try {
    const message: unknown = JSON.parse(line);
    if (!isObject(message) || !isText(message['kind']) || !Object.hasOwn(CHECKS, message['kind'])) return undefined;
    return CHECKS[message['kind'] as RelayMessage['kind']](message) ? message : undefined;
  } catch {
    return undefined;
  }
}

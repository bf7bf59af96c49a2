import type { Duplex } from 'node:stream';
import { FrameDecoder } from '../../../src/wire/http2/frame-decoder.js';
import {
  encodePreface,
  encodeSettings,
  writeFrameHeader,
  writePing,
  writeResetStream,
  writeSettingsAck,
  writeWindowUpdate,
} from '../../../src/wire/http2/frame-encoder.js';
import { FrameFlag, FrameType } from '../../../src/wire/http2/frames.js';
import { HpackDecoder } from '../../../src/wire/http2/hpack-decoder.js';
import { HpackEncoder } from '../../../src/wire/http2/hpack-encoder.js';
import { RecordingSink } from '../../wire/http2/recording-sink.js';

/** An event of the peer, as `RecordingSink` records it; headers are decoded. */
export type PeerEvent = readonly unknown[];

interface Waiter {
  readonly matches: (event: PeerEvent) => boolean;
  readonly resolve: (event: PeerEvent) => void;
  readonly reject: (error: Error) => void;
}

/** The other end of a session, with frames made by hand: sends what no implementation would. */
export class RawPeer {
  readonly events: PeerEvent[] = [];
  readonly encoder = new HpackEncoder();
  /** Answers SETTINGS and PING as a well-behaved peer does. */
  wellBehaved: boolean;
  readonly #connection: Duplex;
  readonly #decoder: FrameDecoder;
  readonly #hpack = new HpackDecoder({ maxListBytes: 1 << 20 });
  readonly #sink = new RecordingSink();
  #waiters: Waiter[] = [];
  #gone = false;

  /** `wellBehaved`: sends SETTINGS at once, and answers SETTINGS and PING. */
  constructor(connection: Duplex, role: 'client' | 'server', wellBehaved = true) {
    this.#connection = connection;
    this.#decoder = new FrameDecoder(this.#sink, this.#sink, {
      expectPreface: role === 'server',
      maxFrameBytes: 16_777_215,
      maxHeaderBlockBytes: 1 << 20,
    });
    connection.on('error', () => {});
    connection.on('data', (chunk: Uint8Array) => this.#read(chunk));
    connection.once('close', () => this.#onClose());
    connection.once('end', () => this.#onClose());
    if (role === 'client') this.send(encodePreface());
    this.wellBehaved = wellBehaved;
    if (wellBehaved) this.send(encodeSettings([]));
  }

  send(...frames: Uint8Array[]): void {
    if (this.#connection.writable) this.#connection.write(Buffer.concat(frames));
  }

  /** Ends the connection. */
  end(): void {
    this.#connection.end();
  }

  /** The first event, past or to come, for which the predicate holds; it is not given again. Rejects when the connection ends. */
  next(matches: (event: PeerEvent) => boolean): Promise<PeerEvent> {
    const at = this.events.findIndex(matches);
    if (at >= 0) return Promise.resolve(this.events.splice(at, 1)[0]!);
    return new Promise((resolve, reject) => {
      if (this.#gone) reject(this.#goneError());
      else this.#waiters.push({ matches, resolve, reject });
    });
  }

  /** The next event of a kind, on a stream if one is given. */
  nextOf(kind: string, streamId?: number): Promise<PeerEvent> {
    return this.next((event) => event[0] === kind && (streamId === undefined || event[1] === streamId));
  }

  /** Everything sent so far was read and answered by the other end. */
  async settle(): Promise<void> {
    const id = Math.floor(Math.random() * 2 ** 32);
    const data = new Uint8Array(8);
    new DataView(data.buffer).setUint32(4, id);
    this.send(pingFrame(data));
    await this.next(
      (event) => event[0] === 'ping' && event[1] === true && event[2] === Buffer.from(data).toString('hex'),
    );
  }

  headers(streamId: number, list: readonly string[], flags: number = FrameFlag.endHeaders): Uint8Array {
    return frame(FrameType.headers, flags, streamId, this.encoder.encode(list));
  }

  #read(chunk: Uint8Array): void {
    this.#decoder.push(chunk);
    for (const raw of this.#sink.events.splice(0)) this.#take(raw as unknown[]);
  }

  #take(raw: unknown[]): void {
    const event = raw[0] === 'headers' ? this.#withList(raw) : raw;
    if (this.wellBehaved && event[0] === 'settingsEnd' && event[1] === false) this.send(settingsAck());
    if (this.wellBehaved && event[0] === 'ping' && event[1] === false)
      this.send(pingFrame(Buffer.from(String(event[2]), 'hex'), true));
    const waiter = this.#waiters.findIndex(({ matches }) => matches(event));
    if (waiter < 0) this.events.push(event);
    else this.#waiters.splice(waiter, 1)[0]!.resolve(event);
  }

  #withList(raw: unknown[]): PeerEvent {
    const block = Buffer.from(String(raw[3]), 'hex');
    return ['headers', raw[1], raw[2], [...this.#hpack.decode(block, 0, block.length)]];
  }

  #onClose(): void {
    this.#gone = true;
    for (const { reject } of this.#waiters.splice(0)) reject(this.#goneError());
  }

  #goneError(): Error {
    return new Error(`the connection ended; last came ${JSON.stringify(this.events.slice(-5))}`);
  }
}

export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const out = new Uint8Array(9 + payload.length);
  out.set(payload, writeFrameHeader(out, 0, payload.length, type, flags, streamId));
  return out;
}

export function dataFrame(streamId: number, bytes: number, endStream = false): Uint8Array {
  return frame(FrameType.data, endStream ? FrameFlag.endStream : 0, streamId, new Uint8Array(bytes));
}

export function resetFrame(streamId: number, code: number): Uint8Array {
  const out = new Uint8Array(13);
  writeResetStream(out, 0, streamId, code);
  return out;
}

export function windowFrame(streamId: number, increment: number): Uint8Array {
  const out = new Uint8Array(13);
  writeWindowUpdate(out, 0, streamId, increment);
  return out;
}

export function pingFrame(data: Uint8Array = new Uint8Array(8), ack = false): Uint8Array {
  const out = new Uint8Array(17);
  writePing(out, 0, ack, data, 0);
  return out;
}

export function settingsAck(): Uint8Array {
  const out = new Uint8Array(9);
  writeSettingsAck(out, 0);
  return out;
}

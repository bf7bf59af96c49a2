import { Duplex } from 'node:stream';
import type { GrpcEngine } from '../../src/protocols/grpc/shared/grpc-engine.js';
import type { Dialer } from '../../src/transports/transport.js';
import { CLIENT_PREFACE, FRAME_HEADER_BYTES, FrameType, Setting } from '../../src/wire/http2/frames.js';
import { HpackDecoder } from '../../src/wire/http2/hpack-decoder.js';

/** A dialer whose connections are inspected. It detects the engine of each end by its first SETTINGS. */
export interface SettingsTap {
  readonly dialer: Dialer;
  /** The engine of the dialing end, and of the other end. */
  engines(): { readonly client: GrpcEngine; readonly server: GrpcEngine };
  /** The user agent of the dialing end's first request. */
  userAgent(): string | undefined;
}

/** Inspects connections without TLS. */
export function tapSettings(dialer: Dialer): SettingsTap {
  const sent: Uint8Array[] = [];
  const received: Uint8Array[] = [];
  return {
    dialer: { dial: async (options) => tapped(await dialer.dial(options), sent, received) },
    engines: () => ({
      client: engineOf(Buffer.concat(sent).subarray(CLIENT_PREFACE.length)),
      server: engineOf(Buffer.concat(received)),
    }),
    userAgent: () => userAgentOf(Buffer.concat(sent).subarray(CLIENT_PREFACE.length)),
  };
}

function tapped(connection: Duplex, sent: Uint8Array[], received: Uint8Array[]): Duplex {
  const tap = new Duplex({
    read: () => void connection.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      sent.push(Buffer.from(chunk));
      connection.write(chunk, done);
    },
    final: (done) => void connection.end(done),
    destroy: (error, done) => {
      connection.destroy();
      done(error);
    },
  });
  connection.on('data', (chunk: Buffer) => {
    received.push(Buffer.from(chunk));
    if (!tap.push(chunk)) connection.pause();
  });
  connection.once('end', () => tap.push(null));
  connection.once('close', () => tap.destroy());
  connection.on('error', (error) => tap.destroy(error));
  return tap;
}

/** Our HTTP/2 announces a larger SETTINGS_MAX_FRAME_SIZE; node:http2 does not send that setting. */
function engineOf(bytes: Buffer): GrpcEngine {
  const end = FRAME_HEADER_BYTES + bytes.readUIntBE(0, 3);
  for (let at = FRAME_HEADER_BYTES; at < end; at += 6) {
    if (bytes.readUInt16BE(at) === Setting.maxFrameSize) return 'native';
  }
  return 'grpc-js';
}

/** Assumes HEADERS without padding or priority that fit into one frame; both engines send such. */
function userAgentOf(bytes: Buffer): string | undefined {
  for (let at = 0; at + FRAME_HEADER_BYTES <= bytes.length; ) {
    const begin = at + FRAME_HEADER_BYTES;
    const end = begin + bytes.readUIntBE(at, 3);
    if (bytes[at + 3] === FrameType.headers) {
      const list = new HpackDecoder({ maxListBytes: 65_536 }).decode(bytes, begin, end);
      return list[list.indexOf('user-agent') + 1];
    }
    at = end;
  }
  return undefined;
}

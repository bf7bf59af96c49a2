import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from 'node:http2';
import { connect as dial } from 'node:net';

/** A gRPC message on the wire: a prefix of five bytes, then the message. */
export function framed(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.byteLength, 1);
  return Buffer.concat([prefix, message]);
}

/** One call on node:http2, without gRPC code, that reads only when the test asks for it. */
export class RawCall implements Disposable {
  readonly session: ClientHttp2Session;
  readonly stream: ClientHttp2Stream;

  constructor(socketPath: string, path: string, headers: Readonly<Record<string, string>> = {}) {
    this.session = connect('http://raw', { createConnection: () => dial(socketPath) });
    this.session.on('error', () => {});
    const request = {
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    };
    this.stream = this.session.request(request);
    this.stream.on('error', () => {});
  }

  /** Reads everything. For a response without trailers the headers are returned as the trailers. */
  async finish(): Promise<{ readonly bytes: number; readonly trailers: IncomingHttpHeaders }> {
    let trailers: IncomingHttpHeaders = {};
    let bytes = 0;
    this.stream.once('response', (headers) => {
      trailers = headers;
    });
    this.stream.once('trailers', (headers) => {
      trailers = headers;
    });
    for await (const chunk of this.stream) bytes += (chunk as Buffer).byteLength;
    return { bytes, trailers };
  }

  [Symbol.dispose](): void {
    this.session.destroy();
  }
}

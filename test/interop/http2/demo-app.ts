import type { HeaderList, Http2Stream, Http2StreamEvents } from '../../../src/transports/http2/interfaces.js';

const OK: HeaderList = [':status', '200'];
const CHUNK = new Uint8Array(32 * 1024);

/** Value of a field; empty without it. */
export function valueOf(headers: HeaderList, name: string): string {
  for (let index = 0; index < headers.length; index += 2) if (headers[index] === name) return headers[index + 1]!;
  return '';
}

const SILENT: Http2StreamEvents = {
  onHeaders: () => {},
  onData: () => {},
  onTrailers: () => {},
  onEnd: () => {},
  onReset: () => {},
  onDrain: () => {},
};

/** The server that test/interop/http2/go/xnet describes, on our engine. */
export function demoApp(stream: Http2Stream, headers: HeaderList, endStream: boolean): Http2StreamEvents {
  const url = new URL(valueOf(headers, ':path'), 'http://x');
  switch (url.pathname) {
    case '/echo':
      return echo(stream, endStream);
    case '/bytes':
      return bytes(stream, Number(url.searchParams.get('n')));
    case '/fail':
      stream.sendHeaders(OK);
      // A turn later, so that the headers have arrived before the stream breaks.
      setImmediate(() => stream.reset(2));
      return SILENT;
    case '/headers':
      stream.sendHeaders([...OK, ...customFields(headers)], true);
      return SILENT;
    default:
      return SILENT;
  }
}

function customFields(headers: HeaderList): string[] {
  return headers.flatMap((name, index) =>
    index % 2 === 0 && name.startsWith('x-') ? [name, headers[index + 1]!] : [],
  );
}

/** Gives the body back as fast as the client takes it. */
function echo(stream: Http2Stream, endStream: boolean): Http2StreamEvents {
  const finish = () => stream.sendTrailers(['done', 'yes']);
  let owed = 0;
  stream.sendHeaders([...OK, 'trailer', 'done']);
  if (endStream) finish();
  return {
    ...SILENT,
    onData: (chunk) => {
      if (stream.write(chunk)) stream.consume(chunk.length);
      else owed += chunk.length;
    },
    onDrain: () => {
      stream.consume(owed);
      owed = 0;
    },
    onEnd: finish,
  };
}

function bytes(stream: Http2Stream, count: number): Http2StreamEvents {
  let left = count;
  const pump = () => {
    while (left > 0) {
      const piece = CHUNK.subarray(0, Math.min(left, CHUNK.length));
      left -= piece.length;
      if (!stream.write(piece, left === 0)) return;
    }
  };
  stream.sendHeaders(OK);
  pump();
  return { ...SILENT, onDrain: pump };
}

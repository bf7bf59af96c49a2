/** What h2spec runs for each of its cases: one request to the URL in the arguments, on our client session. */
import { connect } from 'node:net';
import { connectHttp2 } from '../../../src/transports/http2/open-session.js';

const url = new URL(process.argv[2]!);
const REQUEST = [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', url.host];
const connection = connect(Number(url.port), url.hostname);
// h2spec takes 16 KiB for the largest frame of every client.
const session = connectHttp2(connection, { onClose: leave }, { maxFrameBytes: 16_384 });
const stream = session.open(
  REQUEST,
  {
    onHeaders: () => {},
    onData: (chunk) => stream.consume(chunk.length),
    onTrailers: () => {},
    onEnd: () => {},
    onReset: () => {},
    onDrain: () => {},
  },
  true,
);

/** The verdict is out: no need to wait until h2spec closes the connection. */
function leave(): void {
  if (connection.writableFinished) process.exit();
  connection.once('finish', () => process.exit());
}

/**
 * A process with nothing but a yamux session over a unix socket: `node lone-session.js SOCKET unref|ref`. Says when it is ready.
 */
import { createConnection } from 'node:net';
import { createYamuxSession } from '../../../src/transports/yamux/session.js';

const [path = '', manner] = process.argv.slice(2);
const socket = createConnection(path);
const session = createYamuxSession(socket, { role: 'client' });
await session.open();
await session.ping();
if (manner === 'unref') session.unref();
console.log('ready');

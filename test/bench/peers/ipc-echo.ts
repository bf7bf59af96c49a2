/** Sends every message back to the process that forked this one, or to the thread that started it. */
import { parentPort } from 'node:worker_threads';

if (parentPort === null) process.on('message', (message) => process.send!(message));
else parentPort.on('message', (message) => parentPort!.postMessage(message));
process.on('disconnect', () => process.exit(0));

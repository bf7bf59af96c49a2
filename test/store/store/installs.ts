/**
 * Installs what a lock file says, as a program of its own: `installs LOCK STORE [HOW]`. HOW makes it end by SIGKILL: `at-bytes N` when so many
 * bytes of the archive are there, `at-phase P`, `after-turns N` of the event loop after it has begun to unpack.
 */
import { createReadStream } from 'node:fs';
import { createStore } from '../../../packages/store/src/create-store.js';
import { folderSources } from '../support/published.js';
import { LINUX } from '../support/store-rig.js';

const [lock = '', directory = '', how, value = ''] = process.argv.slice(2);
const end = () => process.kill(process.pid, 'SIGKILL');

/** Ends the program in the middle of a piece that the product waits for. */
function open(path: string, offset: number) {
  const stream = createReadStream(path, { start: offset, highWaterMark: 64 });
  if (how === 'at-bytes') {
    let bytes = offset;
    stream.on('data', (piece) => {
      if (bytes >= Number(value)) end();
      bytes += piece.length;
    });
    stream.pause();
  }
  return { offset, stream };
}

function endAfter(turns: number): void {
  if (turns === 0) end();
  else setImmediate(endAfter, turns - 1);
}

const store = createStore({ lock, directory, platform: LINUX, sources: [folderSources({ open })] });
await store.install({
  onProgress: ({ phase }) => {
    if (how === 'at-phase' && phase === value) end();
    if (how === 'after-turns' && phase === 'unpack') endAfter(Number(value));
  },
});
await store.use('kv');
process.stdout.write('used\n');

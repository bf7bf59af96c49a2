import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createYamuxSession, type YamuxSession } from '../../../src/transports/yamux/session.js';
import { within } from '../../support/defer.js';
import { event, LONG_MS } from './support.js';

const LONE = fileURLToPath(new URL('lone-session.js', import.meta.url));

for (const manner of ['unref', 'ref'] as const) {
  test(`a session that is ${manner}erenced ${manner === 'ref' ? 'holds' : 'does not hold'} its process`, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'yl-'));
    const accepted: YamuxSession[] = [];
    const server = createServer((socket) => accepted.push(createYamuxSession(socket, { role: 'server' })));
    await new Promise<void>((resolve) => server.listen(join(directory, 's'), resolve));
    const child = spawn(process.execPath, [LONE, join(directory, 's'), manner], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const exited = event(child, 'exit');
      await event(child.stdout, 'data');
      if (manner === 'ref') {
        // It is still there to answer, and goes when the session has ended.
        await accepted[0]!.ping();
        await accepted[0]!.close();
      }
      assert.equal(await exited, 0);
    } finally {
      child.kill('SIGKILL');
      await Promise.all(accepted.map((session) => within(LONG_MS, 'close', session.close())));
      server.close();
      rmSync(directory, { recursive: true, force: true });
    }
  });
}

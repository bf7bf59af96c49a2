/** What a plugin logs with pino, a program of a user's project. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { filter, firstValueFrom, lastValueFrom, reduce, toArray } from 'rxjs';
import { plugins } from '../../examples/grpc-kv/contract.js';
import { createClient, PluginError } from '../../src/index.js';
import { within } from '../support/defer.js';
import { NO_REGISTRY, npmInstall } from '../support/npm-install.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const store = new URL('../../examples/grpc-kv/kv-store.js', import.meta.url).href;
const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_TEST', magicCookieValue: 'yes' };

/** `logger` is made before `serve` is called. `early` comes before the call, `during` while the plugin starts, `late` when it stops. */
const program = (logger: string, { early = '', during = '', late = '' }) => `
import pino from 'pino';
import { serve } from 'rxplug';
import { KvStore } from '${store}';

const logger = ${logger};
${early}
const serving = serve({
  handshake: ${JSON.stringify(handshake)},
  plugins: { kv: KvStore },
  onShutdown: async () => { ${late} },
});
${during}
await serving;
`;

describe('a plugin that logs with pino', () => {
  const directory = mkdtempSync(join(tmpdir(), 'pino'));
  let installed = false;
  before(async () => {
    installed = await npmInstall(directory, { pino: '^10' });
    if (installed) symlinkSync(root, join(directory, 'node_modules/rxplug'), 'junction');
  });
  after(() => rmSync(directory, { recursive: true }));

  const start = (name: string, source: string) => {
    const file = join(directory, `${name}.js`);
    writeFileSync(file, source);
    const client = createClient({ command: [process.execPath, file], handshake, plugins });
    const text = client.syncStdout$.pipe(reduce((sum, chunk) => sum + Buffer.from(chunk).toString(), ''));
    return { client, output: lastValueFrom(text), logs: lastValueFrom(client.logs$.pipe(toArray())) };
  };
  const messages = (output: string) => {
    const lines = output.split('\n').filter((line) => line !== '');
    return lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  };

  for (const [name, logger] of Object.entries({
    'to the default destination': 'pino()',
    'without waiting for each line': 'pino(pino.destination({ dest: 1, sync: false }))',
    'to process.stdout': 'pino(process.stdout)',
  }))
    test(`${name}, with a logger from before serve: the host receives its lines`, async (t) => {
      if (!installed) return t.skip(NO_REGISTRY);
      const { client, output } = start(
        'captured',
        program(logger, { during: "logger.info('during');", late: "logger.info('late'); logger.flush?.();" }),
      );
      await client.start();
      await client.stop();
      assert.deepEqual(messages(await output), ['during', 'late']);
    });

  test('before it calls serve: the host says which line came first', async (t) => {
    if (!installed) return t.skip(NO_REGISTRY);
    const { client } = start('early', program('pino()', { early: "logger.info('early');" }));
    await assert.rejects(client.start(), (error) => {
      assert.ok(PluginError.is(error) && error.code === 'ERR_HANDSHAKE_UNRECOGNIZED', String(error));

      assert.match(error.message, /"msg\\?":\\?"early/);
      return true;
    });
  });

  test('by a transport, whose worker has descriptors of its own: 2 is the log, and 1 is not captured', async (t) => {
    if (!installed) return t.skip(NO_REGISTRY);
    const transport = (descriptor: number) =>
      `pino(pino.transport({ target: 'pino/file', options: { destination: ${descriptor}, sync: true } }))`;
    const toLog = start('log', program(transport(2), { during: "logger.info('during');" }));
    const logged$ = toLog.client.logs$.pipe(filter(({ message }) => message.includes('"msg":"during"')));
    const logged = firstValueFrom(logged$);
    await toLog.client.start();
    await within(60_000, 'the line in the log', logged);
    await toLog.client.stop();
    assert.equal(await toLog.output, '');

    const late = "logger.info('late'); await new Promise((resolve) => logger.flush(resolve));";
    const toStdout = start('stdout', program(transport(1), { late }));
    await toStdout.client.start();
    await toStdout.client.stop();
    assert.equal(await toStdout.output, '');
    assert.ok(!(await toStdout.logs).some(({ message }) => message.includes('late')));
  });
});

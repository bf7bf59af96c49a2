import assert from 'node:assert/strict';
import { basename } from 'node:path';
import type { DrivenLog } from '../driver.js';
import { type Pairing, type Scene, scenario } from './pairing.js';
import type { Probe } from './probe.js';
import { rawText } from './stdio.js';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'];
const FIELDS = {
  text: 'with "quotes", <angles> & 鍵',
  number: 42,
  fraction: -0.5,
  flag: true,
  nothing: null,
  list: [1, 'two', false],
  nested: { deep: { deeper: 'yes' } },
};

/** What the plugin logs. */
export function logsSuite(pairing: Pairing): void {
  structured(pairing);
  lines(pairing);
  stuck(pairing);
}

function structured(pairing: Pairing): void {
  scenario(pairing, 'L-01 L-02 an entry of each level arrives with its fields and its time', async (scene) => {
    const probe = await scene.probe();
    for (const level of LEVELS) {
      await probe.log({ level, message: `at ${level}`, fields: FIELDS });
      const { level: arrived, fields: given, timestamp = '' } = await logged(scene, `at ${level}`);
      assert.deepEqual([arrived, given], [level, FIELDS]);
      assert.match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}/);
    }
  });

  scenario(pairing, 'L-13 a named logger keeps its name', async (scene) => {
    const probe = await scene.probe();
    await probe.log({ level: 'info', logger: 'cache', message: 'by the cache' });
    assert.equal((await logged(scene, 'by the cache')).module, 'cache');
  });

  if (pairing.host === 'go') {
    scenario(pairing, "L-12 the logger is named after the plugin's executable", async (scene) => {
      const probe = await scene.probe();
      await probe.log({ level: 'info', message: 'who says it' });
      const [file] = await pairing.pluginCommand({});
      assert.equal((await logged(scene, 'who says it')).name, `plugin.${basename(file)}`);
    });
  }

  scenario(pairing, 'a thousand entries arrive complete and in order', async (scene) => {
    const probe = await scene.probe();
    const line = (number: number) => `{"@level":"info","@message":"entry","number":${number}}\n`;
    const all = Array.from({ length: 1000 }, (_, number) => line(number)).join('');
    await say(probe, all);
    const arrived = await scene.client.logs.until((entries) => {
      const found = entries.filter((entry) => entry.message === 'entry');
      return found.length < 1000 ? undefined : found;
    }, 'a thousand entries');
    assert.deepEqual(
      arrived.map((entry) => entry.fields['number']),
      Array.from({ length: 1000 }, (_, number) => number),
    );
  });
}

/** A line on the real stderr, and how the host must log it. */
const LINES: readonly (readonly [item: string, line: string, level: string, message?: string])[] = [
  ['L-03', '{"@level":"WARN","@message":"in capitals"}', 'warn', 'in capitals'],
  ['L-04', '{"@level":"loud","@message":"unknown level"}', 'debug'],
  ['L-04', '{"some":"json"}', 'debug'],
  ['L-04', '[1,2,3]', 'debug'],
  ['L-04', '"a string"', 'debug'],
  ['L-05', '[TRACE] a text', 'trace'],
  ['L-05', '[DEBUG] a text', 'debug'],
  ['L-05', '[INFO] a text', 'info'],
  ['L-05', '[WARN] a text', 'warn'],
  ['L-05', '[ERROR] a text', 'error'],
  ['L-05', '2026/01/02 03:04:05 [ERROR] not at the start', 'debug'],
  ['L-08', 'with a carriage return\r', 'debug', 'with a carriage return'],
  ['L-11', '{"@level":"error","@message":"m","@timestamp":"yesterday"}', 'debug'],
];

function lines(pairing: Pairing): void {
  const items = [...new Set(LINES.map(([item]) => item))].join(' ');
  scenario(pairing, `${items} a line of any form is logged at the level it tells`, async (scene) => {
    const probe = await scene.probe();
    // Ours reads the times that loggers of other languages write; a Go host reads six digits only.
    const foreignTime = '{"@level":"error","@message":"m","@timestamp":"2026-01-02T03:04:05.123Z"}';
    const foreign: (typeof LINES)[number] =
      pairing.host === 'ours' ? ['L-11', foreignTime, 'error', 'm'] : ['L-11', foreignTime, 'debug'];
    for (const [item, line, level, message = line] of [...LINES, foreign]) {
      await say(probe, `${line}\n`);
      const entry = await logged(scene, message);
      assert.equal(entry.level, level, `${item}: ${line}`);
    }
  });

  scenario(
    pairing,
    'L-07 L-09 a line longer than the buffer arrives in pieces, and unsplit in the raw copy',
    async (scene) => {
      const probe = await scene.probe();
      const line = '{"@level":"error","@message":"'.padEnd(2500, 'x');
      await say(probe, `${line}\nafter it\n`);
      await logged(scene, 'after it');
      const pieces = scene.client.logs.items.filter((entry) => /x{50}/.test(entry.message));
      assert.deepEqual(
        pieces.map((entry) => [entry.level, entry.message.length]),
        [1024, 1024, 452].map((length) => ['debug', length]),
      );
      assert.ok(rawText(scene.client).includes(`${line}\nafter it\n`), 'the raw copy differs');
    },
    { config: { logBufferBytes: 1024 } },
  );

  scenario(pairing, 'L-08 a last line without newline is not lost', async (scene) => {
    const probe = await scene.probe();
    await say(probe, 'no newline at the end');
    await scene.client.stop();
    // go-plugin: a plugin over net/rpc complains about its closed listener, on the same line.
    const isLast = ({ message }: DrivenLog) => message.startsWith('no newline at the end');
    assert.equal((await scene.client.logs.find(isLast, 'the last line')).level, 'debug');
  });
}

function stuck(pairing: Pairing): void {
  scenario(pairing, 'L-06 after a panic, lines without a level are errors', async (scene) => {
    const probe = await scene.probe();
    await say(
      probe,
      'calm before\npanic: something broke\n\tgoroutine 1\n[INFO] tagged\n{"@level":"info","@message":"json"}\n',
    );
    const levels = [];
    for (const message of ['calm before', 'panic: something broke', '\tgoroutine 1', '[INFO] tagged', 'json']) {
      levels.push((await logged(scene, message)).level);
    }
    assert.deepEqual(levels, ['debug', 'error', 'error', 'info', 'info']);
  });
}

async function say(probe: Probe, text: string): Promise<void> {
  await probe.write('REAL_STDERR', Buffer.from(text));
}

function logged(scene: Scene, message: string): Promise<DrivenLog> {
  return scene.client.logs.find((entry) => entry.message === message, `the log entry ${message}`);
}

import { lstat } from 'node:fs/promises';
import type { Bench } from '../bench/bench.js';
import { bounded, eventually, pause } from '../bench/bounded.js';
import { describeEnding, type Ending, type Life } from '../bench/life.js';
import { type CheckItem, type Finding, met, skipped, unmet } from './item.js';

const DOC = 'docs/wire/start-and-end.md#the-end';
/** Then hosts kill. */
const GRACE_MS = 2000;
const SIGNAL_MS = 5000;
const CHILDREN_MS = 5000;
const DEAD_HOST_MS = 10_000;
/** How long a signal is to have no effect. */
const QUIET_MS = 300;

/** E: the end. */
export const ENDING_ITEMS: readonly CheckItem[] = [
  {
    id: 'E-01',
    level: 'MUST',
    title: 'ends when its host asks',
    expected: 'Shutdown is answered, or the connection closes, and the process is gone within 2 s: then hosts kill',
    doc: DOC,
    run: (bench) => afterEnd(bench, async (_life, _path, { told }) => met(told)),
  },
  {
    id: 'E-02',
    level: 'SHOULD',
    title: 'ends with the code 0',
    expected: 'the exit code 0 after Shutdown',
    doc: 'docs/wire/start-and-end.md#exit-statuses',
    run: (bench) =>
      afterEnd(bench, async (_life, _path, { ending }) =>
        (ending.code === 0 ? met : unmet)(`exit ${describeEnding(ending)}`),
      ),
  },
  {
    id: 'E-03',
    level: 'SHOULD',
    title: 'removes its socket',
    expected: 'no file at its address after the end',
    doc: 'docs/wire/start-and-end.md#which-socket',
    run: (bench) => afterEnd(bench, async (_life, path) => judgeSocket(path)),
  },
  {
    id: 'E-04',
    level: 'MUST',
    title: 'ignores SIGINT',
    expected: 'answers afterwards: Ctrl-C reaches plugins too, and the host decides when they end',
    doc: 'docs/wire/start-and-end.md#signals',
    run: ignoresInterrupt,
  },
  {
    id: 'E-05',
    level: 'SHOULD',
    title: 'ends in good order by SIGTERM',
    expected: 'an exit with the code 0 within 5 s; Go plugins are killed by it',
    doc: 'docs/wire/start-and-end.md#signals',
    run: endsByTerm,
  },
  {
    id: 'E-06',
    level: 'MUST',
    title: 'leaves no processes behind',
    expected: 'nothing that it started runs 5 s after its end, nor after it was killed',
    doc: DOC,
    run: leavesNothing,
  },
  {
    id: 'E-07',
    level: 'SHOULD',
    title: 'ends when its host has died',
    expected: 'an end within 10 s after the host was killed; plugins of go-plugin stay',
    doc: 'docs/wire/start-and-end.md#how-do-i-notice-that-the-host-has-gone',
    run: endsWithHost,
  },
];

interface AskedEnd {
  readonly ending: Ending;
  /** What was answered, and how long it took. */
  readonly told: string;
}

type LookAfter = (life: Life, path: string | undefined, end: AskedEnd) => Promise<Finding>;

/** Asks a plugin to end. */
async function afterEnd(bench: Bench, look: LookAfter): Promise<Finding> {
  await using launched = await bench.launch();
  const { life, plugin } = launched;
  await using conversation = await bench.converse(plugin);
  await conversation.ping();
  const begin = performance.now();
  const answer = await conversation.end();
  const ending = await bounded(GRACE_MS, 'end', life.ended);
  const told = `${answer}; gone after ${Math.round(performance.now() - begin)} ms`;
  const path = plugin.fields[2] === 'unix' ? plugin.address.address : undefined;
  return await look(life, path, { ending, told });
}

async function judgeSocket(path: string | undefined): Promise<Finding> {
  if (path === undefined || path.startsWith('@')) return skipped('it has no file');
  const found = await lstat(path).catch(() => undefined);
  return found === undefined ? met('gone') : unmet('it is still there');
}

async function ignoresInterrupt(bench: Bench): Promise<Finding> {
  if (process.platform === 'win32') return skipped('Windows has no signals');
  await using launched = await bench.launch();
  const { life, plugin } = launched;
  await using conversation = await bench.converse(plugin);
  await conversation.ping();
  life.signal('SIGINT');
  await pause(QUIET_MS);
  if (life.isOver) return unmet(`it ends ${describeEnding(await life.ended)}`);
  await conversation.ping();
  return met('it answers afterwards');
}

async function endsByTerm(bench: Bench): Promise<Finding> {
  if (process.platform === 'win32') return skipped('Windows has no signals');
  await using launched = await bench.launch();
  const { life, plugin } = launched;
  await using conversation = await bench.converse(plugin);
  await conversation.ping();
  life.signal('SIGTERM');
  const ending = await bounded(SIGNAL_MS, 'end', life.ended);
  return (ending.code === 0 ? met : unmet)(`it ends ${describeEnding(ending)}`);
}

async function leavesNothing(bench: Bench): Promise<Finding> {
  if (process.platform !== 'linux') return skipped(NOT_FOUND);
  for (const isKilled of [false, true]) {
    await using launched = await bench.launch();
    const { life, plugin } = launched;
    await using conversation = await bench.converse(plugin);
    await conversation.ping();
    if (isKilled) life.signal('SIGKILL');
    else await conversation.end();
    // One that does not end is not the subject here.
    await bounded(GRACE_MS, 'end', life.ended).catch(() => life.signal('SIGKILL'));
    const found = async () => (await life.descendants()).length === 0;
    if (await eventually(CHILDREN_MS, found)) continue;
    return unmet(`${isKilled ? 'after it was killed' : 'after its end'}: pid ${(await life.descendants()).join(', ')}`);
  }
  return met('none');
}

const NOT_FOUND = 'processes are found on Linux only';

/** A host that does nothing but start a plugin and pass on its output. */
const HOST = `
const { spawn } = require('node:child_process');
const [, file, ...args] = process.argv;
const plugin = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
plugin.stdout.pipe(process.stdout);
plugin.stderr.pipe(process.stderr);
`;

async function endsWithHost(bench: Bench): Promise<Finding> {
  if (process.platform !== 'linux') return skipped(NOT_FOUND);
  await using launched = await bench.launch({ wrapper: [process.execPath, '-e', HOST, '--'] });
  const { life, plugin } = launched;
  {
    await using conversation = await bench.converse(plugin);
    await conversation.ping();
    life.signal('SIGKILL');
    await life.ended;
  }
  const begin = performance.now();
  const isGone = await eventually(DEAD_HOST_MS, async () => (await life.descendants()).length === 0);
  return isGone ? met(`gone after ${Math.round(performance.now() - begin)} ms`) : unmet('it still runs');
}

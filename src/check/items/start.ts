import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { quoteText } from '../../wire/quote.js';
import type { Announced } from '../bench/announced.js';
import { type Bench, PORTS, type StartOptions } from '../bench/bench.js';
import { bounded } from '../bench/bounded.js';
import { describeEnding } from '../bench/life.js';
import { MAX_LINE_BYTES } from '../bench/output.js';
import { type CheckItem, type Finding, met, skipped, unmet } from './item.js';

const REFUSAL_MS = 5000;
const FAST_START_MS = 5000;
/** What `systemd` and containers may leave out. */
const USER_VARIABLES = ['HOME', 'USER', 'LOGNAME'];
/** A version that no plugin has. */
const NO_VERSION = 2_000_000_011;

/** S: the start. */
export const START_ITEMS: readonly CheckItem[] = [
  {
    id: 'S-01',
    level: 'MUST',
    title: 'ends without the cookie',
    expected: 'an exit within 5 s with a code other than 0, and no handshake',
    doc: 'docs/wire/start-and-end.md#the-cookie',
    run: (bench) => refuses(bench, { cookie: 'absent' }),
  },
  {
    id: 'S-02',
    level: 'SHOULD',
    title: 'says on stderr that it is a plugin',
    expected: 'a line with the word plugin, for whoever starts it by hand',
    doc: 'docs/wire/start-and-end.md#the-cookie',
    run: saysWhatItIs,
  },
  {
    id: 'S-03',
    level: 'MUST',
    title: 'ends with a wrong value of the cookie',
    expected: 'the same as without the cookie',
    doc: 'docs/wire/start-and-end.md#the-cookie',
    run: (bench) => refuses(bench, { cookie: 'wrong' }),
  },
  {
    id: 'S-04',
    level: 'MUST',
    title: 'the first line on stdout is the handshake',
    expected: '4 to 7 fields, the first of them 1, in at most 64 KiB, before anything else',
    doc: 'docs/wire/start-and-end.md#the-handshake-line',
    run: writesHandshakeFirst,
  },
  {
    id: 'S-05',
    level: 'MUST',
    title: 'chooses a version that was offered',
    expected: 'one of PLUGIN_PROTOCOL_VERSIONS, and the same one in whatever order they stand there',
    doc: 'docs/wire/start-and-end.md#versions',
    run: choosesVersion,
  },
  {
    id: 'S-06',
    level: 'SHOULD',
    title: 'serves a host with which it shares no version',
    expected: 'a handshake with a version of its own, and answers: the host tells what is wrong, with both lists',
    doc: 'docs/wire/start-and-end.md#versions',
    run: servesWithoutVersion,
  },
  {
    id: 'S-07',
    level: 'MUST',
    title: 'listens where it says',
    expected: 'a socket at the path, or a loopback address with a port from PLUGIN_MIN_PORT to PLUGIN_MAX_PORT',
    doc: 'docs/wire/start-and-end.md#which-socket',
    run: listensThere,
  },
  {
    id: 'S-08',
    level: 'SHOULD',
    title: 'puts its socket into the given directory',
    expected: 'a path in PLUGIN_UNIX_SOCKET_DIR; go-plugin does so from 1.5 on',
    doc: 'docs/wire/start-and-end.md#which-socket',
    run: usesDirectory,
  },
  {
    id: 'S-09',
    level: 'SHOULD',
    title: 'starts fast',
    expected: 'the handshake within 5 s; hosts give up after 60 s or less',
    doc: 'docs/wire/start-and-end.md#the-start',
    run: async (bench) => {
      await using launched = await bench.launch();
      const { ms } = launched.plugin;
      return (ms <= FAST_START_MS ? met : unmet)(`the handshake after ${ms} ms`);
    },
  },
  {
    id: 'S-10',
    level: 'MUST',
    title: 'needs no terminal and no user',
    expected: 'a start with an empty stdin, without a terminal, HOME, USER and LOGNAME',
    doc: 'docs/wire/start-and-end.md#standard-streams',
    run: async (bench) => {
      await using launched = await bench.launch(process.platform === 'win32' ? {} : { without: USER_VARIABLES });
      await answers(bench, launched.plugin);
      return met('it starts and answers');
    },
  },
  {
    id: 'S-11',
    level: 'MUST',
    title: 'runs twice at once',
    expected: 'two processes at two addresses, both of which answer: no fixed port or file',
    doc: 'docs/wire/start-and-end.md#which-socket',
    run: runsTwice,
  },
];

async function refuses(bench: Bench, options: StartOptions): Promise<Finding> {
  const begin = performance.now();
  await using life = await bench.start(options);
  // The handshake comes before the end of a plugin that takes any cookie.
  const first = Promise.race([life.ended, life.handshake(REFUSAL_MS).then(() => undefined)]);
  const ending = await bounded(
    REFUSAL_MS,
    'end',
    first.catch(() => life.ended),
  );
  if (ending === undefined) return unmet('it starts, and writes a handshake');
  const got = `exit ${describeEnding(ending)} after ${Math.round(performance.now() - begin)} ms`;
  return ending.code === 0 ? unmet(got) : met(got);
}

async function saysWhatItIs(bench: Bench): Promise<Finding> {
  await using life = await bench.start({ cookie: 'absent' });
  // The streams are at their end when no handshake can come any more.
  await life.handshake(REFUSAL_MS).catch(() => {});
  const said = life.stderr.text.trim();
  if (said === '') return unmet('nothing on stderr');
  return (/plugin/i.test(said) ? met : unmet)(quoteText(said.split('\n')[0] ?? '', 100));
}

async function writesHandshakeFirst(bench: Bench): Promise<Finding> {
  await using launched = await bench.launch();
  const { life, plugin } = launched;
  const [first = ''] = life.stdout.lines;
  if (first !== plugin.line) return unmet(`first comes ${quoteText(first, 60)}`);
  if (Buffer.byteLength(first) > MAX_LINE_BYTES) return unmet(`a line of ${Buffer.byteLength(first)} bytes`);
  const { fields } = plugin;
  if (fields[0] !== '1') return unmet(`the core version ${quoteText(fields[0] ?? '', 20)}`);
  return (fields.length >= 4 && fields.length <= 7 ? met : unmet)(`${fields.length} fields`);
}

async function choosesVersion(bench: Bench): Promise<Finding> {
  const ascending = bench.options.protocolVersions.toSorted((one, other) => one - other);
  const chosen = new Set<number>();
  for (const versions of [ascending, ascending.toReversed()]) {
    await using launched = await bench.launch({ versions });
    chosen.add(launched.plugin.version);
  }
  const [version = Number.NaN, other] = chosen;
  if (other !== undefined) return unmet(`${version}, and ${other} when the order is another`);
  return (ascending.includes(version) ? met : unmet)(`version ${version}`);
}

async function servesWithoutVersion(bench: Bench): Promise<Finding> {
  await using launched = await bench.launch({ versions: [NO_VERSION] });
  const { version } = launched.plugin;
  if (version === NO_VERSION) return unmet(`it claims to have version ${NO_VERSION}, whatever that is`);
  await answers(bench, launched.plugin);
  return met(`it announces version ${version}`);
}

async function listensThere(bench: Bench): Promise<Finding> {
  await using launched = await bench.launch();
  const { fields, address } = launched.plugin;
  if (fields[2] === 'tcp') return listensOnLoopback(address.address);
  if (fields[2] !== 'unix') return unmet(`the network ${quoteText(fields[2] ?? '', 20)}`);
  if (address.address.startsWith('@')) return met('an abstract socket');
  const found = await lstat(address.address).catch(() => undefined);
  if (found === undefined) return unmet(`there is nothing at ${quoteText(address.address)}`);
  return found.isSocket() ? met('a socket') : unmet(`what is at ${quoteText(address.address)} is no socket`);
}

function listensOnLoopback(address: string): Finding {
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? [];
  if (!/^(?:127\.\d+\.\d+\.\d+|\[::1\]|localhost|)$/.test(host)) return unmet(`the address ${quoteText(address, 60)}`);
  const isInRange = Number(port) >= PORTS.minPort && Number(port) <= PORTS.maxPort;
  return (isInRange ? met : unmet)(`TCP port ${port} of ${PORTS.minPort} to ${PORTS.maxPort}`);
}

async function usesDirectory(bench: Bench): Promise<Finding> {
  await using launched = await bench.launch();
  const { life, plugin } = launched;
  if (plugin.fields[2] !== 'unix') return skipped('it listens on TCP');
  const directory = dirname(plugin.address.address);
  return directory === life.sockets.path ? met('in the directory') : unmet(`in ${quoteText(directory, 60)}`);
}

async function runsTwice(bench: Bench): Promise<Finding> {
  await using one = await bench.launch();
  await using other = await bench.launch();
  if (one.plugin.address.address === other.plugin.address.address) return unmet('the same address twice');
  await Promise.all([answers(bench, one.plugin), answers(bench, other.plugin)]);
  return met('both answer');
}

async function answers(bench: Bench, plugin: Announced): Promise<void> {
  await using conversation = await bench.converse(plugin);
  await conversation.ping();
}

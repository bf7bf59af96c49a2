import { createLogParser } from '../../wire/logs/parse-line.js';
import { quoteText } from '../../wire/quote.js';
import type { Bench } from '../bench/bench.js';
import { bounded } from '../bench/bounded.js';
import { ANSWER_MS } from '../bench/grpc-conversation.js';
import type { Life } from '../bench/life.js';
import { MAX_LINE_BYTES } from '../bench/output.js';
import { type CheckItem, type Finding, met, skipped, unmet } from './item.js';

const CALLS = 100;

/** O: what the program writes to its real stdout and stderr. */
export const OUTPUT_ITEMS: readonly CheckItem[] = [
  {
    id: 'O-01',
    level: 'MUST',
    title: 'works while nobody reads its stdout',
    expected: `${CALLS} answers, although the pipe of its real stdout may be full`,
    doc: 'docs/wire/start-and-end.md#standard-streams',
    run: worksUnread,
  },
  {
    id: 'O-02',
    level: 'SHOULD',
    title: 'logs as hclog does',
    expected: 'lines of JSON on stderr with a known @level, each of at most 64 KiB',
    doc: 'docs/wire/logs.md#what-does-a-log-line-look-like',
    run: (bench) => afterLife(bench, judgeLog),
  },
  {
    id: 'O-03',
    level: 'SHOULD',
    title: 'writes nothing to its stdout after the handshake',
    expected: 'nothing, which hosts would drop; what the program prints is sent over the protocol',
    doc: 'docs/wire/start-and-end.md#standard-streams',
    run: (bench) => afterLife(bench, ({ stray }) => (stray === '' ? met('nothing') : unmet(quoteText(stray, 60)))),
  },
];

async function worksUnread(bench: Bench): Promise<Finding> {
  await using launched = await bench.launch({ leavesStdout: true });
  await using conversation = await bench.converse(launched.plugin);
  for (let call = 1; call <= CALLS; call += 1) {
    try {
      await conversation.ping();
    } catch {
      return unmet(`no answer to call ${call}`);
    }
  }
  return met(`${CALLS} answers`);
}

/** Looks at what a process has written from its start to its end. */
async function afterLife(bench: Bench, look: (life: Life) => Finding): Promise<Finding> {
  await using launched = await bench.launch();
  const { life, plugin } = launched;
  {
    await using conversation = await bench.converse(plugin);
    await conversation.ping();
    await conversation.end();
  }
  // One that does not end is not the subject here.
  await bounded(ANSWER_MS, 'end', life.ended).catch(() => {});
  return look(life);
}

function judgeLog({ stderr }: Life): Finding {
  const { lines } = stderr;
  if (lines.length === 0) return skipped('it wrote nothing to stderr');
  const parser = createLogParser();
  const others = lines.filter((text) => parser.parse({ text, part: 'whole' })?.kind !== 'hclog');
  const long = lines.filter((text) => Buffer.byteLength(text) > MAX_LINE_BYTES);
  if (long.length > 0) return unmet(`${long.length} of ${lines.length} lines are longer than 64 KiB`);
  const [first] = others;
  if (first === undefined) return met(`${lines.length} of ${lines.length} lines`);
  return unmet(`${lines.length - others.length} of ${lines.length} lines; another is ${quoteText(first, 60)}`);
}

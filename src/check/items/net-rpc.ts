import { firstValueFrom } from 'rxjs';
import { RemoteError } from '../../errors.js';
import { DISPENSER } from '../../protocols/netrpc/control.js';
import { quoteText } from '../../wire/quote.js';
import type { Bench } from '../bench/bench.js';
import { bounded } from '../bench/bounded.js';
import { ANSWER_MS } from '../bench/grpc-conversation.js';
import { NetRpcConversation } from '../bench/net-rpc-conversation.js';
import { type CheckItem, type Finding, met, unmet } from './item.js';

const CALLS = 100;
const UNKNOWN = 'rxplug.check.unknown';
const CONTROL_DOC = 'docs/wire/net-rpc.md#control-and-dispense';
const STREAMS_DOC = 'docs/wire/net-rpc.md#the-first-three-streams';

/** N: what is served over net/rpc, in the place of G. */
export const NET_RPC_ITEMS: readonly CheckItem[] = [
  item('N-01', true, 'accepts the first three streams', 'an ACK for each of them', STREAMS_DOC, (bench) =>
    withPlugin(bench, async (conversation) => {
      await conversation.ping();
      const { unaccepted } = conversation;
      return unaccepted === 0 ? met('three') : unmet(`${3 - unaccepted} of three`);
    }),
  ),
  item('N-02', true, 'answers Control.Ping', 'an empty struct as reply', CONTROL_DOC, (bench) =>
    withPlugin(bench, async (conversation) => {
      await conversation.ping();
      return met('answered');
    }),
  ),
  item(
    'N-03',
    true,
    'refuses to dispense what it does not have',
    'an error as reply to Dispenser.Dispense',
    CONTROL_DOC,
    (bench) => withPlugin(bench, (conversation) => refuses(conversation, 'Dispenser.Dispense')),
  ),
  item(
    'N-04',
    true,
    'survives a call of an unknown method',
    'an error as reply, and answers afterwards',
    'docs/wire/net-rpc.md#calls',
    (bench) => withPlugin(bench, (conversation) => refuses(conversation, 'Nothing.Nothing')),
  ),
  item(
    'N-05',
    false,
    'serves several connections',
    'a second one works, also after one that vanished',
    'docs/wire/start-and-end.md#the-start',
    servesConnections,
  ),
  item(
    'N-06',
    true,
    'keeps the streams of stdout and stderr open',
    'neither ends while calls are answered',
    STREAMS_DOC,
    (bench) => withPlugin(bench, keepsStreamsOpen),
  ),
  item(
    'N-07',
    false,
    'serves many calls at once',
    `${CALLS} pings at the same time are answered`,
    'docs/wire/net-rpc.md#calls',
    async (bench) => {
      await using launched = await bench.launch();
      await using conversation = await open(bench, launched.plugin);
      await Promise.all(Array.from({ length: CALLS }, () => conversation.ping()));
      return met(`${CALLS} answers`);
    },
  ),
];

/** All are of one level and one protocol. */
function item(
  id: string,
  sharesLife: boolean,
  title: string,
  expected: string,
  doc: string,
  run: CheckItem['run'],
): CheckItem {
  return { id, level: 'MUST', protocol: 'netrpc', sharesLife, title, expected, doc, run };
}

type Plugin = Parameters<Bench['dial']>[0];

function open(bench: Bench, plugin: Plugin): Promise<NetRpcConversation> {
  return NetRpcConversation.open({ dial: () => bench.dial(plugin) });
}

async function withPlugin(
  bench: Bench,
  look: (conversation: NetRpcConversation) => Promise<Finding>,
): Promise<Finding> {
  await using conversation = await open(bench, await bench.shared());
  return await look(conversation);
}

async function refuses(conversation: NetRpcConversation, method: string): Promise<Finding> {
  const { args, reply } = DISPENSER.Dispense;
  const reply$ = conversation.control.call(method, args, UNKNOWN, reply);
  try {
    await bounded(ANSWER_MS, `reply to ${method}`, firstValueFrom(reply$));
    return unmet('no error');
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    await conversation.ping();
    return met(quoteText(error.message, 80));
  }
}

async function servesConnections(bench: Bench): Promise<Finding> {
  await using launched = await bench.launch();
  const { plugin } = launched;
  await using first = await open(bench, plugin);
  await first.ping();
  const socket = await bench.dial(plugin);
  {
    await using vanishing = await NetRpcConversation.open({ dial: async () => socket });
    await vanishing.ping();
    socket.destroy();
  }
  await first.ping();
  await using third = await open(bench, plugin);
  await third.ping();
  return met('three connections, one of which vanished');
}

async function keepsStreamsOpen(conversation: NetRpcConversation): Promise<Finding> {
  const { stdout, stderr } = conversation;
  for (let count = 0; count < 10; count += 1) await conversation.ping();
  const ended = Object.entries({ stdout, stderr }).filter(
    ([, { readableEnded, destroyed }]) => readableEnded || destroyed,
  );
  const names = ended.map(([name]) => name);
  return names.length === 0 ? met('open while 10 calls were answered') : unmet(`${names.join(' and ')} ended`);
}

import { connectMuxed } from '../../protocols/grpc/broker/muxed-host.js';
import { parseGoBool } from '../../wire/go-text.js';
import { quoteText } from '../../wire/quote.js';
import type { Bench } from '../bench/bench.js';
import { dialPlain, secured } from '../bench/dial.js';
import { ANSWER_MS, GrpcConversation } from '../bench/grpc-conversation.js';
import { type CheckItem, type Finding, met, skipped, unmet } from './item.js';

/** M: all connections in one. */
export const MULTIPLEXING_ITEMS: readonly CheckItem[] = [
  {
    id: 'M-01',
    level: 'MUST',
    protocol: 'grpc',
    title: 'multiplexes if it says so',
    expected: 'field 7 is a boolean or absent; if it is true, health answers inside a yamux session',
    doc: 'docs/wire/broker.md#with-multiplexing',
    run: multiplexes,
  },
];

async function multiplexes(bench: Bench): Promise<Finding> {
  await using launched = await bench.launch({ multiplex: true });
  const { plugin } = launched;
  const [, , , , , , field] = plugin.fields;
  if (field === undefined) return skipped('not offered');
  const isOffered = parseGoBool(field);
  if (isOffered === undefined) return unmet(`field 7 is ${quoteText(field, 20)}`);
  if (!isOffered) return skipped('not offered');
  const { signal } = new AbortController();
  const muxed = await connectMuxed({ dialer: { dial: () => dialPlain(plugin) }, signal }, { timeoutMs: ANSWER_MS }, {});
  try {
    await using conversation = new GrpcConversation({
      dial: async () => secured(await muxed.dialer.dial(), plugin, bench.identity),
    });
    return met(`health through yamux: ${await conversation.health()}`);
  } finally {
    await muxed.close();
  }
}

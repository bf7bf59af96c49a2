import { setTimeout as delay } from 'node:timers/promises';
import { implement, serve } from 'rxplug';
import { handshake, plugins } from './contract';

const ticker = implement(plugins.ticker, ({ logger }) => ({
  async *prices({ symbol }, call) {
    call.signal.addEventListener('abort', () => logger.info(`nobody reads ${symbol} any more`));
    for (let sequence = 0; ; sequence++) {
      yield { symbol, sequence, value: 100 + sequence };
      await delay(1000, undefined, { signal: call.signal });
    }
  },
}));

void serve({ handshake, plugins: { ticker } });

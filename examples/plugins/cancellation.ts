import { setTimeout as delay } from 'node:timers/promises';
import { implement, serve } from 'rxplug';
import { handshake, plugins } from '../basic/contract.js';

// #region cancellation
const greeter = implement(plugins.greeter, ({ logger }) => ({
  async greet({ name }, call) {
    call.signal.addEventListener('abort', () => logger.info('the call was cancelled', { name }));
    await delay(60_000, undefined, { signal: call.signal });
    return { greeting: `Hello at last, ${name}!` };
  },
}));
// #endregion cancellation

await serve({ handshake, plugins: { greeter } });

import { implement, serve } from 'rxplug';
import { handshake, plugins } from '../basic/contract.js';
import { DESCRIPTOR_SET_BASE64 } from '../gen/descriptors.js';
import { TickerDefinition } from '../gen/ticker.js';
import { ticker } from '../streaming/ticker.js';

const greeter = implement(plugins.greeter, { greet: ({ name }) => ({ greeting: `Hello ${name}!` }) });

// #region services
await serve({
  handshake,
  plugins: { greeter },
  grpc: {
    descriptorSets: [Buffer.from(DESCRIPTOR_SET_BASE64, 'base64')],
    configure: (server, health) => {
      server.addService(TickerDefinition, ticker);
      health.set({ 'ticker.v1.Ticker': 'SERVING' });
    },
  },
});
// #endregion services

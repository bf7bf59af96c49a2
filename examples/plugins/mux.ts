import { implement, serveMux } from 'rxplug';
import { handshake, plugins } from '../basic/contract.js';

const greeter = implement(plugins.greeter, { greet: ({ name }) => ({ greeting: `Hello ${name}!` }) });

// #region mux
await serveMux({
  greeter: { handshake, plugins: { greeter } },
  // A function is called only if its plugin is chosen, so it can import what only that plugin needs.
  store: async () => {
    const { KvStore } = await import('../grpc-kv/kv-store.js');
    return { handshake, plugins: { kv: KvStore } };
  },
});
// #endregion mux

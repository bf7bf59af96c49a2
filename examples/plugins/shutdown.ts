import { once } from 'node:events';
import { createServer } from 'node:http';
import { implement, serve } from 'rxplug';
import { handshake, plugins } from '../basic/contract.js';

// #region shutdown
const http = createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1');
await once(http, 'listening');

await serve({
  handshake,
  plugins: { greeter: implement(plugins.greeter, { greet: ({ name }) => ({ greeting: `Hello ${name}!` }) }) },
  onShutdown: () => {
    console.log('closing');
    http.closeAllConnections();
    http.close();
  },
});
// #endregion shutdown

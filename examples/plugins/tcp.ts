import { implement, serve } from 'rxplug';
import { handshake, plugins } from '../basic/contract.js';

const greeter = implement(plugins.greeter, { greet: ({ name }) => ({ greeting: `Hello ${name}!` }) });

// #region tcp
await serve({ handshake, plugins: { greeter }, network: 'tcp' });
// #endregion tcp

import { implement, serve } from 'rxplug';
import { handshake, plugins } from '../basic/contract.js';

// #region object
const greeter = implement(plugins.greeter, {
  greet: ({ name }) => ({ greeting: `Hello ${name}!` }),
});

await serve({ handshake, plugins: { greeter } });
// #endregion object

import { implement, serve } from 'rxplug';
import { GrpcError, Metadata, status } from 'rxplug/grpc';
import { handshake, plugins } from '../basic/contract.js';

// #region errors
const greeter = implement(plugins.greeter, {
  greet({ name }) {
    if (name === '') {
      const metadata = new Metadata();
      metadata.set('field', 'name');
      throw new GrpcError(status.INVALID_ARGUMENT, 'the name is empty', { metadata });
    }
    return { greeting: `Hello ${name}!` };
  },
});
// #endregion errors

await serve({ handshake, plugins: { greeter } });

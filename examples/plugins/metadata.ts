import { implement, serve } from 'rxplug';
import { Metadata } from 'rxplug/grpc';
import { handshake, plugins } from '../basic/contract.js';

// #region metadata
const greeter = implement(plugins.greeter, {
  greet({ name }, call) {
    const [language = 'en'] = call.metadata.get('language');
    const headers = new Metadata();
    headers.set('language', language);
    call.sendHeaders(headers); // before the response
    call.trailers.set('greeted', name); // after the response
    return { greeting: language === 'fr' ? `Bonjour ${name} !` : `Hello ${name}!` };
  },
});
// #endregion metadata

await serve({ handshake, plugins: { greeter } });

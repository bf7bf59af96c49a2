import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PluginService, type ServiceOf, serve } from 'rxplug';
import { serveEndpoint } from 'rxplug/endpoint';
import { handshake } from '../basic/contract.js';
import { GreeterDefinition, type GreetRequest } from '../gen/greeter.js';

@PluginService(GreeterDefinition)
class Greeter implements ServiceOf<typeof GreeterDefinition> {
  greet({ name }: GreetRequest) {
    return { greeting: `Hello ${name}!` };
  }
}

const plugins = { greeter: Greeter };
const address = process.env['GREETER_LISTEN'];
const directory = process.env['GREETER_TLS'] ?? '/etc/greeter/tls';
const read = (file: string): Buffer => readFileSync(join(directory, file));

// #region both
if (address === undefined) await serve({ handshake, plugins });
else {
  // Read for each new connection: certificates may be replaced while it runs.
  const tls = () => ({ cert: read('tls.crt'), key: read('tls.key'), ca: read('ca.crt') });
  const serving = await serveEndpoint({ address, tls, plugins });
  console.log(`listening at ${serving.address}`);
  await serving.ended;
}
// #endregion both

import { PluginService, type ServiceOf, serve } from 'rxplug';
import { GreeterDefinition, type GreetRequest } from '../gen/greeter.js';
import { handshake } from './contract.js';

@PluginService(GreeterDefinition)
class Greeter implements ServiceOf<typeof GreeterDefinition> {
  greet({ name }: GreetRequest) {
    return { greeting: `Hello ${name}!` };
  }
}

await serve({ handshake, plugins: { greeter: Greeter } });

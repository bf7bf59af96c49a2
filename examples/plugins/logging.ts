import { inject } from 'inversify';
import { type Logger, PluginService, type ServiceOf, serve } from 'rxplug';
import { LOGGER } from 'rxplug/di';
import { handshake } from '../basic/contract.js';
import { GreeterDefinition, type GreetRequest } from '../gen/greeter.js';

// #region logging
@PluginService(GreeterDefinition)
class Greeter implements ServiceOf<typeof GreeterDefinition> {
  constructor(@inject(LOGGER) private readonly log: Logger) {}

  greet({ name }: GreetRequest) {
    this.log.info('greeting', { name, at: new Date() });
    console.log(`somebody called ${name}`);
    return { greeting: `Hello ${name}!` };
  }
}
// #endregion logging

await serve({ handshake, plugins: { greeter: Greeter } });

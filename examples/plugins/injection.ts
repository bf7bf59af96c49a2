import { ContainerModule, inject, injectable } from 'inversify';
import { PluginService, type ServiceOf, serve } from 'rxplug';
import { handshake } from '../basic/contract.js';
import { GreeterDefinition, type GreetRequest } from '../gen/greeter.js';

// #region injection
@injectable()
class Phrases {
  greetingOf(name: string) {
    return `Good day, ${name}.`;
  }
}

@PluginService(GreeterDefinition)
class Greeter implements ServiceOf<typeof GreeterDefinition> {
  constructor(@inject(Phrases) private readonly phrases: Phrases) {}

  greet({ name }: GreetRequest) {
    return { greeting: this.phrases.greetingOf(name) };
  }
}

const own = new ContainerModule(({ bind }) => {
  bind(Phrases).toSelf().inSingletonScope();
});
await serve({ handshake, plugins: { greeter: Greeter }, modules: [own] });
// #endregion injection

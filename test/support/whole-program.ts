/** A host that starts itself as its plugin: as it is, and with each part that is loaded when it is used. */
export const PROGRAM = `
import { ContainerModule, inject } from 'inversify';
import { firstValueFrom, isObservable, Observable } from 'rxjs';
import { createClient, grpcPlugin, PluginService, serve } from 'rxplug';
import { LOG_SINK, LOGGER } from 'rxplug/di';
import { GreeterDefinition } from './greeter.js';

const handshake = { protocolVersion: 1, magicCookieKey: 'BUNDLED', magicCookieValue: 'yes' };
class Greeter {
  greet({ name }) {
    this.log.info('greeted');
    return { greeting: 'Hello ' + name };
  }
}
PluginService(GreeterDefinition)(Greeter);
inject(LOGGER)(Greeter.prototype, 'log');

async function host() {
  let logged = 0;
  const sink = { write: ({ message }) => { if (message === 'greeted') logged++; } };
  const modules = [new ContainerModule(({ bind }) => { bind(LOG_SINK).toConstantValue(sink); })];
  for (const options of [{}, { autoMtls: true }, { grpcEngine: 'grpc-js' }, { modules }]) {
    const command = [process.execPath, process.argv[1]];
    const client = createClient({ command, handshake, plugins: { greeter: grpcPlugin(GreeterDefinition) }, ...options });
    if (!(client.state$ instanceof Observable && isObservable(client.logs$))) throw new Error('another rxjs');
    await client.start();
    const { greeting } = await firstValueFrom((await client.dispense('greeter')).greet({ name: 'Ada' }));
    await client.stop();
    console.log(Object.keys(options)[0] ?? 'plain', greeting);
  }
  if (logged !== 1) throw new Error('the sink got ' + logged + ' entries');
}

if (process.env.BUNDLED === undefined) void host();
else void serve({ handshake, plugins: { greeter: Greeter } });
`;

/** What it prints. */
export const PRINTED = 'plain Hello Ada\nautoMtls Hello Ada\ngrpcEngine Hello Ada\nmodules Hello Ada\n';

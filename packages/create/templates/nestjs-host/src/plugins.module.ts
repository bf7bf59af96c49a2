import { join } from 'node:path';
import { Inject, Injectable, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import { type ClientOfContract, createClient, type PluginClient } from 'rxplug';
import { handshake, plugins } from './contract';

const CLIENT = Symbol('the client of the plugin');
type Client = PluginClient<typeof plugins>;

/** What the plugin serves, ready to be called. */
export const TICKER = Symbol('the ticker of the plugin');
export type Ticker = ClientOfContract<typeof plugins.ticker>;

@Injectable()
class StopPlugin implements OnApplicationShutdown {
  constructor(@Inject(CLIENT) private readonly client: Client) {}

  onApplicationShutdown() {
    return this.client.stop();
  }
}

/** A plugin that does not start fails the start of the application, with the error that says why. */
async function startPlugin(): Promise<Client> {
  const command = [process.execPath, join(__dirname, 'plugin.js')] as const;
  const client = createClient({ command, handshake, plugins, autoMtls: true });
  const logger = new Logger('plugin');
  client.logs$.subscribe(({ message }) => logger.log(message));
  await client.start();
  return client;
}

@Module({
  providers: [
    { provide: CLIENT, useFactory: startPlugin },
    { provide: TICKER, inject: [CLIENT], useFactory: (client: Client) => client.dispense('ticker') },
    StopPlugin,
  ],
  exports: [TICKER],
})
export class PluginsModule {}

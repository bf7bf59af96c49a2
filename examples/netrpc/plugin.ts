import { inject } from 'inversify';
import { type Logger, RemoteError, type ServiceOfContract, serve } from 'rxplug';
import { LOGGER, NetRpcMethod, NetRpcService } from 'rxplug/di';
import { type GobType, gob, toBasicError } from 'rxplug/net-rpc';
import { Entry, handshake, Lookup, type plugins } from './contract.js';

/** The greeter of go-plugin's basic example. */
@NetRpcService()
class Greeter implements ServiceOfContract<typeof plugins.greeter> {
  @NetRpcMethod(gob.interface(), gob.string)
  greet() {
    return 'Hello!';
  }
}

/** Keeps entries in memory. Each dispense creates a store of its own. */
@NetRpcService()
class Store implements ServiceOfContract<typeof plugins.kv> {
  readonly #entries = new Map<string, GobType<typeof Entry>>();

  constructor(@inject(LOGGER) private readonly log: Logger) {}

  @NetRpcMethod(Entry, gob.int)
  put(entry: GobType<typeof Entry>) {
    if (entry.Key === '') throw new RemoteError('the key is empty');
    this.log.debug('stored', { key: entry.Key });
    return this.#entries.set(entry.Key, entry).size;
  }

  @NetRpcMethod(gob.string, Lookup)
  async get(key: string) {
    const entry = this.#entries.get(key);
    return entry === undefined ? { Err: toBasicError(new Error(`no entry for ${key}`)) } : { Entry: entry };
  }

  @NetRpcMethod(gob.string, gob.empty)
  delete(key: string) {
    this.#entries.delete(key);
  }
}

await serve({ handshake, plugins: { greeter: Greeter, kv: Store } });

import { type GobType, implement, PluginService, type ServiceOfContract, serve, toBasicError } from 'rxplug';
import { type Entry, handshake, plugins } from './contract.js';

/** go-plugin's basic example. */
@PluginService(plugins.greeter)
class Greeter implements ServiceOfContract<typeof plugins.greeter> {
  greet() {
    return 'Hello!';
  }
}

/** Entries in memory; each dispense makes a store of its own. */
class Store implements ServiceOfContract<typeof plugins.kv> {
  readonly #entries = new Map<string, GobType<typeof Entry>>();

  put(entry: GobType<typeof Entry>) {
    if (entry.Key === '') throw new Error('the key is empty');
    return this.#entries.set(entry.Key, entry).size;
  }

  async get(key: string) {
    const entry = this.#entries.get(key);
    return entry === undefined ? { Err: toBasicError(new Error(`no entry for ${key}`)) } : { Entry: entry };
  }

  delete(key: string) {
    this.#entries.delete(key);
  }
}

await serve({
  handshake,
  plugins: { greeter: Greeter, kv: implement(plugins.kv, () => new Store()) },
});

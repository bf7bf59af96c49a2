import type { Observable } from 'rxjs';
import { StartError } from '../../errors.js';
import { type Address, type AddressTranslator, SAME_ADDRESSES } from '../../wire/handshake/address.js';
import { quoteText } from '../../wire/quote.js';
import type { AttachedRunner, Exit } from '../runner.js';
import { containerAddresses, type SharedDir } from './addresses.js';
import { SOCKET_DIR_LABEL } from './config.js';
import { ContainerEngine } from './engine.js';
import { type ContainerEngineOptions, resolveEngineOptions } from './engine-options.js';
import { listOf, memberOf, textOf } from './json.js';
import { ContainerLife } from './life.js';

/** Which container, and how its engine is reached. */
export interface AttachContainerOptions extends ContainerEngineOptions {
  /**
   * Where the container sees its directory for sockets, for a container that was not started by `containerRunner`: there has to be a
   * mount at that path. @default what the container's label says
   */
  readonly socketDir?: string;
}

/**
 * Takes over a plugin that runs in a container, by its id or name. Rejects with StartError ERR_PROCESS_NOT_FOUND when there is no
 * such container or it does not run, ERR_CONTAINER_ENGINE when the engine cannot be asked.
 */
export async function attachContainer(id: string, options: AttachContainerOptions = {}): Promise<AttachedRunner> {
  const { engine: socketPath, requestTimeoutMs, killTimeoutMs } = resolveEngineOptions(options);
  const engine = new ContainerEngine({ socketPath, timeoutMs: requestTimeoutMs });
  const { status, body, message } = await engine.call('GET', `/containers/${encodeURIComponent(id)}/json`);
  const fullId = textOf(body, 'Id');
  const running = memberOf(memberOf(body, 'State'), 'Running') === true;
  if (status !== 200 || fullId === undefined || !running)
    throw new StartError(
      'ERR_PROCESS_NOT_FOUND',
      `There is no running container ${quoteText(id)} on the engine at ${socketPath}: ` +
        `${status === 200 ? 'it does not run' : message}. Start the plugin anew.`,
    );
  const life = new ContainerLife(engine, fullId, killTimeoutMs);
  life.watch();
  return new AttachedContainer(life, addressesOf(body, options));
}

function addressesOf(container: unknown, options: AttachContainerOptions): AddressTranslator {
  const target = options.socketDir ?? textOf(memberOf(memberOf(container, 'Config'), 'Labels'), SOCKET_DIR_LABEL);
  const dir = listOf(container, 'Mounts')
    .map((mount): Partial<SharedDir> => {
      const [host, inside] = [textOf(mount, 'Source'), textOf(mount, 'Destination')];
      return host === undefined || inside === undefined ? {} : { host, container: inside };
    })
    .find((mount): mount is SharedDir => mount.container !== undefined && mount.container === target);
  const network = textOf(memberOf(container, 'HostConfig'), 'NetworkMode') ?? '';
  return dir === undefined ? SAME_ADDRESSES : containerAddresses(dir, network);
}

class AttachedContainer implements AttachedRunner {
  readonly id: string;
  readonly exit$: Observable<Exit>;
  readonly #life: ContainerLife;
  readonly #addresses: AddressTranslator;

  constructor(life: ContainerLife, addresses: AddressTranslator) {
    this.id = life.id;
    this.exit$ = life.exit$;
    this.#life = life;
    this.#addresses = addresses;
  }

  pluginToHost(address: Address): Address | Promise<Address> {
    return this.#addresses.pluginToHost(address);
  }

  hostToPlugin(address: Address): Address | Promise<Address> {
    return this.#addresses.hostToPlugin(address);
  }

  kill(): Promise<void> {
    return this.#life.kill();
  }

  ref(): void {
    this.#life.hold(true);
  }

  unref(): void {
    this.#life.hold(false);
  }
}

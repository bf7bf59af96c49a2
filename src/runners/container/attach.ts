import type { Observable } from 'rxjs';
import { StartError } from '../../errors.js';
import { type Address, type AddressTranslator, SAME_ADDRESSES } from '../../wire/handshake/address.js';
import { checkOptions, optionNames } from '../../wire/option-names.js';
import { quoteText } from '../../wire/quote.js';
import type { AttachedRunner, Exit } from '../runner.js';
import { containerAddresses, type SharedDir } from './addresses.js';
import { SOCKET_DIR_LABEL } from './config.js';
import { ContainerEngine } from './engine.js';
import { type ContainerEngineOptions, resolveEngineOptions } from './engine-options.js';
import { listOf, memberOf, textOf } from './json.js';
import { RunningContainer } from './running-container.js';

/** How a running container is found, and how its engine is reached. */
export interface AttachContainerOptions extends ContainerEngineOptions {
  /**
   * Path of the socket directory in the container, for a container that `containerRunner` did not start; something has to be mounted
   * there. @default the container's label `rxplug.socket-dir`
   */
  readonly socketDir?: string;
}

const NAMES = optionNames<AttachContainerOptions>()('socketDir engine requestTimeoutMs killTimeoutMs');

/**
 * Attaches to a plugin in a running container, by its id or name. Rejects with StartError ERR_PROCESS_NOT_FOUND when no such container
 * runs, ERR_CONTAINER_ENGINE when the engine cannot be used.
 *
 * @example
 * createClient({ reattach: { ...config, attach: ({ id = '' }) => attachContainer(id) }, handshake, plugins });
 */
export async function attachContainer(id: string, options: AttachContainerOptions = {}): Promise<AttachedRunner> {
  checkOptions('attachContainer', options, NAMES);
  const { engine: socketPath, requestTimeoutMs, killTimeoutMs } = resolveEngineOptions(options);
  const engine = new ContainerEngine({ socketPath, timeoutMs: requestTimeoutMs });
  const { status, body, message } = await engine.call('GET', `/containers/${encodeURIComponent(id)}/json`);
  const fullId = textOf(body, 'Id');
  const state = memberOf(body, 'State');
  const running = memberOf(state, 'Running') === true;
  if (status !== 200 || fullId === undefined || !running)
    throw new StartError(
      'ERR_PROCESS_NOT_FOUND',
      `There is no running container ${quoteText(id)} on the engine at ${socketPath}: ` +
        `${status === 200 ? `its state is ${quoteText(textOf(state, 'Status') ?? 'unknown')}` : message}. Start the plugin again.`,
    );
  const container = new RunningContainer(engine, fullId, killTimeoutMs);
  container.watch();
  return new AttachedContainer(container, addressesOf(body, options));
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
  readonly #container: RunningContainer;
  readonly #addresses: AddressTranslator;

  constructor(container: RunningContainer, addresses: AddressTranslator) {
    this.id = container.id;
    this.exit$ = container.exit$;
    this.#container = container;
    this.#addresses = addresses;
  }

  pluginToHost(address: Address): Address | Promise<Address> {
    return this.#addresses.pluginToHost(address);
  }

  hostToPlugin(address: Address): Address | Promise<Address> {
    return this.#addresses.hostToPlugin(address);
  }

  kill(): Promise<void> {
    return this.#container.kill();
  }

  ref(): void {
    this.#container.ref();
  }

  unref(): void {
    this.#container.unref();
  }
}

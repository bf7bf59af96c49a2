import { ClosedError } from '../errors.js';

/** What a registry calls on a client. */
export interface RegisteredClient {
  stop(): Promise<void>;
  /** Kills the plugin and removes its sockets, as far as that needs no waiting. */
  killNow(): void;
}

/** A set of clients that are stopped together: those with `managed: true` (go-plugin client.go CleanupClients). */
export class ClientRegistry {
  readonly #clients = new Set<RegisteredClient>();
  #killed = false;

  /** True from `cleanup` or `killNow` on: an application can ignore errors of its plugins then (go-plugin Killed). */
  get killed(): boolean {
    return this.#killed;
  }

  /** Adds a client. Returns a function that removes it. Throws ClosedError after `cleanup` or `killNow`. */
  add(client: RegisteredClient): () => void {
    if (this.#killed)
      throw new ClosedError(
        'ERR_CLOSED',
        'The managed plugins are being stopped, so no further one is started. Start plugins before `cleanupClients`.',
      );
    this.#clients.add(client);
    return () => void this.#clients.delete(client);
  }

  /** Stops all clients concurrently; resolves when all are gone. Call it once, before the program ends. Never rejects. */
  async cleanup(): Promise<void> {
    this.#killed = true;
    await Promise.all([...this.#clients].map((client) => client.stop()));
  }

  /** Kills all plugins without waiting, for the `exit` event of the process. */
  killNow(): void {
    this.#killed = true;
    for (const client of this.#clients) client.killNow();
  }
}

/**
 * The registry of clients with `managed: true`, unless another is bound to `CLIENT_REGISTRY`. It is module-level because a process ends
 * once, for all who use this package in it.
 */
export const managedClients = new ClientRegistry();

/**
 * Stops all managed clients concurrently; resolves when all are gone. Call it once, before the program ends. Never rejects.
 *
 * @example
 * ```ts
 * const client = createClient({ command, handshake, plugins, managed: true });
 * // …
 * await cleanupClients();
 * ```
 */
export function cleanupClients(): Promise<void> {
  return managedClients.cleanup();
}

import { ClosedError } from '../errors.js';

/** What a registry needs of a client. */
export interface RegisteredClient {
  stop(): Promise<void>;
  /** Kills and removes what can be without waiting. */
  killNow(): void;
}

/** Clients that are ended together: those with `managed: true` (go-plugin client.go CleanupClients). */
export class ClientRegistry {
  readonly #clients = new Set<RegisteredClient>();
  #killed = false;

  /** True once they are being ended: errors of their connections are to be expected then. */
  get killed(): boolean {
    return this.#killed;
  }

  /** Takes a running client in. Returns a function that takes it out. Throws ClosedError when they are being ended already. */
  add(client: RegisteredClient): () => void {
    if (this.#killed)
      throw new ClosedError('ERR_CLOSED', 'The managed plugins are being ended: this host starts no more of them.');
    this.#clients.add(client);
    return () => void this.#clients.delete(client);
  }

  /** Stops all of them at once; resolves when nothing is left of any. To be called once, before the program ends. Never rejects. */
  async cleanup(): Promise<void> {
    this.#killed = true;
    await Promise.all([...this.#clients].map((client) => client.stop()));
  }

  /** Kills all of them without waiting, for the very end of the process. */
  killNow(): void {
    this.#killed = true;
    for (const client of this.#clients) client.killNow();
  }
}

/**
 * The registry that clients with `managed: true` are in, unless another is bound (`CLIENT_REGISTRY`). It is the one thing that this
 * package keeps beyond its objects, since a program ends only once.
 */
export const managedClients = new ClientRegistry();

/** Stops all managed clients at once, and waits until nothing is left of them. To be called once, before the program ends. */
export function cleanupClients(): Promise<void> {
  return managedClients.cleanup();
}

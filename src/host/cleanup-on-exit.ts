import { OptionsError } from '../errors.js';
import { checkOptions } from '../wire/option-names.js';
import { type ClientRegistry, managedClients } from './client-registry.js';

/** Which signals stop which clients. */
export interface CleanupOnExitOptions {
  /** Signals that stop the clients and then the process. @default SIGINT, SIGTERM, SIGHUP */
  readonly signals?: readonly NodeJS.Signals[];
  /** The clients that are stopped. @default managedClients */
  readonly clients?: ClientRegistry;
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Ends managed clients with this process. A signal stops them and then has its usual effect; a second one kills them at once. When
 * the process exits, also by `process.exit` or an uncaught exception, they are killed, since an exiting process cannot wait. Returns a
 * function that removes all listeners.
 *
 * @example
 * ```ts
 * cleanupOnExit();
 * const client = createClient({ command, handshake, plugins, managed: true });
 * ```
 */
export function cleanupOnExit(options: CleanupOnExitOptions = {}): () => void {
  checkOptions('cleanupOnExit', options, ['signals', 'clients']);
  const { signals = SIGNALS, clients = managedClients } = options;
  if (!Array.isArray(signals))
    throw new OptionsError(`Expected \`signals\` of cleanupOnExit to be a list of signals, got ${String(signals)}.`);
  let isEnding = false;
  const onExit = (): void => clients.killNow();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (isEnding) return finish(signal);
    isEnding = true;
    void clients.cleanup().then(() => finish(signal));
  };
  const finish = (signal: NodeJS.Signals): void => {
    clients.killNow();
    removeListeners();
    // With another listener the application decides what the signal does. Without one the signal ends the process, as its parent can see.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  const removeListeners = (): void => {
    process.off('exit', onExit);
    for (const signal of signals) process.off(signal, onSignal);
  };
  process.on('exit', onExit);
  for (const signal of signals) process.on(signal, onSignal);
  return removeListeners;
}

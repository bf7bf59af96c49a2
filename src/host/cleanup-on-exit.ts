import { type ClientRegistry, managedClients } from './client-registry.js';

/** What ends managed clients, and which ones. */
export interface CleanupOnExitOptions {
  /** Signals on which the clients are stopped, and the process after them. @default SIGINT, SIGTERM, SIGHUP */
  readonly signals?: readonly NodeJS.Signals[];
  /** Whose clients are stopped. @default managedClients */
  readonly clients?: ClientRegistry;
}

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Sees to it that managed clients do not outlast this process. A signal stops them in good order, and then has its usual effect; the
 * same signal again kills them. When the process exits, by `process.exit` or an uncaught exception too, they are killed, for nothing
 * can be waited for any more. Returns a function that takes all this back.
 */
export function cleanupOnExit({ signals = SIGNALS, clients = managedClients }: CleanupOnExitOptions = {}): () => void {
  let isEnding = false;
  const onExit = (): void => clients.killNow();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (isEnding) return finish(signal);
    isEnding = true;
    void clients.cleanup().then(() => finish(signal));
  };
  const finish = (signal: NodeJS.Signals): void => {
    clients.killNow();
    takeBack();
    // Whoever else listens decides what the signal means; if nobody does, it is to end the process, and to be seen as the reason.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  const takeBack = (): void => {
    process.off('exit', onExit);
    for (const signal of signals) process.off(signal, onSignal);
  };
  process.on('exit', onExit);
  for (const signal of signals) process.on(signal, onSignal);
  return takeBack;
}

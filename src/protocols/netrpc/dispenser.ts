import { catchError, EMPTY, type Subscription } from 'rxjs';
import { RemoteError } from '../../errors.js';
import type { Logger } from '../../wire/logs/logger.js';
import type { PluginImplementations } from '../contract.js';
import type { RunningCalls } from '../running-calls.js';
import { type NetRpcServiceContext, netRpcSidesOf } from './contract.js';
import { DISPENSER } from './control.js';
import type { MuxBroker } from './mux-broker.js';
import { handler, type NetRpcHandler, type NetRpcHandlers } from './rpc-service.js';

export interface DispenserOptions {
  readonly implementations: PluginImplementations;
  readonly broker: MuxBroker;
  /** Counts the calls of dispensed objects. */
  readonly calls: RunningCalls;
  readonly logger: Logger;
  /** Ends what is dispensed. */
  readonly lifetime: Subscription;
}

/**
 * Makes an object for each `Dispense` of a host, and serves it on a brokered stream of its own, where its methods are `Plugin.…`
 * (go-plugin rpc_server.go dispenseServer.Dispense). An object whose stream the host does not open within 5 s is dropped.
 */
export function createDispenser({
  implementations,
  broker,
  calls,
  logger,
  lifetime,
}: DispenserOptions): NetRpcHandlers {
  const dispense = (name: string): number => {
    const implementation = Object.hasOwn(implementations, name) ? implementations[name] : undefined;
    const sides = implementation === undefined ? undefined : netRpcSidesOf(implementation.contract);
    // Go hosts match this text.
    if (implementation === undefined || sides === undefined) throw new RemoteError(`unknown plugin type: ${name}`);
    const context: NetRpcServiceContext = { logger: logger.named(name), protocol: 'netrpc', broker };
    const handlers = sides.serve(implementation.create(context), context);
    const id = broker.nextId();
    const serving$ = broker.acceptAndServe(id, new Map([['Plugin', counted(handlers, calls)]]), sides.codec).pipe(
      catchError((error: unknown) => {
        logger.error('plugin dispense: the host did not open the stream of the dispensed object', { name, id, error });
        return EMPTY;
      }),
    );
    lifetime.add(serving$.subscribe());
    return id;
  };
  return new Map([['Dispense', handler(DISPENSER.Dispense.args, DISPENSER.Dispense.reply, dispense)]]);
}

/** The same methods, counted while they run. */
function counted(handlers: NetRpcHandlers, calls: RunningCalls): NetRpcHandlers {
  const entries = [...handlers].map(([name, method]): [string, NetRpcHandler] => [
    name,
    { ...method, handle: (args, call) => calls.run(() => method.handle(args, call)) },
  ]);
  return new Map(entries);
}

import { catchError, EMPTY, type Subscription } from 'rxjs';
import { RemoteError } from '../../errors.js';
import type { Logger } from '../../wire/logs/logger.js';
import type { CallGate } from '../call-gate.js';
import type { PluginImplementations } from '../contract.js';
import type { MuxBroker } from './broker.js';
import { type NetRpcServiceContext, netRpcSidesOf } from './contract.js';
import { DISPENSER } from './control.js';
import { handler, type NetRpcHandler, type NetRpcHandlers } from './rpc-service.js';

export interface DispenserOptions {
  readonly implementations: PluginImplementations;
  readonly broker: MuxBroker;
  readonly gate: CallGate;
  readonly logger: Logger;
  /** Holds what is dispensed. */
  readonly lifetime: Subscription;
}

/**
 * Makes the objects that a host asks for by name, each with an id and a stream of its own, on which its methods are `Plugin.…`
 * (go-plugin rpc_server.go dispenseServer.Dispense). One that the host does not come for within 5 s is dropped.
 */
export function createDispenser({ implementations, broker, gate, logger, lifetime }: DispenserOptions): NetRpcHandlers {
  const dispense = (name: string): number => {
    const implementation = Object.hasOwn(implementations, name) ? implementations[name] : undefined;
    const sides = implementation === undefined ? undefined : netRpcSidesOf(implementation.contract);
    // Go matches the text.
    if (implementation === undefined || sides === undefined) throw new RemoteError(`unknown plugin type: ${name}`);
    const context: NetRpcServiceContext = { logger: logger.named(name), protocol: 'netrpc', broker };
    const handlers = sides.serve(implementation.create(context), context);
    const id = broker.nextId();
    const serving$ = broker.acceptAndServe(id, new Map([['Plugin', gated(handlers, gate)]]), sides.codec).pipe(
      catchError((error: unknown) => {
        logger.error('plugin dispense: nobody came for the object', { name, id, error });
        return EMPTY;
      }),
    );
    lifetime.add(serving$.subscribe());
    return id;
  };
  return new Map([['Dispense', handler(DISPENSER.Dispense.args, DISPENSER.Dispense.reply, dispense)]]);
}

/** The same methods, called through the gate. */
function gated(handlers: NetRpcHandlers, gate: CallGate): NetRpcHandlers {
  const entries = [...handlers].map(([name, method]): [string, NetRpcHandler] => [
    name,
    { ...method, handle: (args, call) => gate.run(() => method.handle(args, call)) },
  ]);
  return new Map(entries);
}

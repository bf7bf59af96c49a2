import { catchError, EMPTY, finalize, type Subscription } from 'rxjs';
import { ClosedError, RemoteError } from '../../errors.js';
import type { Logger } from '../../wire/logs/logger.js';
import type { PluginImplementation, PluginImplementations } from '../contract.js';
import type { AnsweredCall, RunningCalls } from '../running-calls.js';
import { whenReady } from '../when-ready.js';
import { type NetRpcServiceContext, type NetRpcSides, netRpcSidesOf } from './contract.js';
import { DISPENSER } from './control.js';
import type { MuxBroker } from './mux-broker.js';
import { handler, type NetRpcCall, type NetRpcHandler, type NetRpcHandlers } from './rpc-service.js';

export interface DispenserOptions {
  readonly implementations: PluginImplementations;
  readonly broker: MuxBroker;
  /** Counts the calls of dispensed objects. */
  readonly calls: RunningCalls;
  readonly logger: Logger;
  /** Ends what is dispensed. */
  readonly lifetime: Subscription;
}

type Sides = NetRpcSides<unknown, unknown>;

/**
 * Makes an object for each `Dispense` of a host, and serves it on a brokered stream of its own, where its methods are `Plugin.…`
 * (go-plugin rpc_server.go dispenseServer.Dispense). An object whose stream the host does not open within 5 s is dropped.
 */
export function createDispenser(options: DispenserOptions): NetRpcHandlers {
  const { implementations } = options;
  const dispense = (name: string): Promise<number> => {
    const implementation = Object.hasOwn(implementations, name) ? implementations[name] : undefined;
    const sides = implementation === undefined ? undefined : netRpcSidesOf(implementation.contract);
    // Go hosts match this text.
    if (implementation === undefined || sides === undefined) throw new RemoteError(`unknown plugin type: ${name}`);
    return serveObject(name, implementation, sides, options);
  };
  return new Map([['Dispense', handler(DISPENSER.Dispense.args, DISPENSER.Dispense.reply, dispense)]]);
}

/** Makes an object and accepts the stream that it is served on; resolves with the stream's broker id. */
async function serveObject(
  name: string,
  { create }: PluginImplementation,
  sides: Sides,
  { broker, calls, logger, lifetime }: DispenserOptions,
): Promise<number> {
  const served = new AbortController();
  const { signal } = served;
  const context: NetRpcServiceContext = { logger: logger.named(name), protocol: 'netrpc', broker, signal };
  try {
    const handlers = await whenReady(create(context), (service) => sides.serve(service, context));
    if (lifetime.closed) throw new ClosedError('ERR_CLOSED', 'The host has closed its connection.');
    const id = broker.nextId();
    const serving$ = broker
      .acceptAndServe(id, new Map([['Plugin', counted(handlers, calls)]]), { ...sides.codec, logger })
      .pipe(
        catchError((error: unknown) => {
          logger.error('plugin dispense: the host did not open the stream of the object', { name, id, error });
          return EMPTY;
        }),
        finalize(() => served.abort()),
      );
    lifetime.add(serving$.subscribe());
    return id;
  } catch (error) {
    served.abort();
    throw error;
  }
}

/** The same methods, counted while they run. */
function counted(handlers: NetRpcHandlers, calls: RunningCalls): NetRpcHandlers {
  const entries = [...handlers].map(([name, method]): [string, NetRpcHandler] => [
    name,
    { ...method, handle: (args, call) => calls.run(() => method.handle(args, call), answered(call)) },
  ]);
  return new Map(entries);
}

function answered(call: NetRpcCall): AnsweredCall {
  const answer: AnsweredCall = { whenOver: undefined };
  call.afterReply(() => answer.whenOver?.());
  return answer;
}

import { firstValueFrom } from 'rxjs';
import { RemoteError } from 'rxplug';
import { createNetRpcClient, type NetRpcClientContext } from 'rxplug/net-rpc';
import { type DrivenBroker, type DrivenObject, RpcFailure, type RpcTypes } from './driver.js';
import { GO_TYPES, METHODS } from './netrpc-contracts.js';
import { fromGoJson, toGoJson } from './netrpc-json.js';
import { OurMuxBroker } from './our-mux-broker.js';
import { untilAborted } from './our-object.js';

/** What our host dispensed over net/rpc, or dialed. */
export class OurRpcObject implements DrivenObject {
  readonly broker: DrivenBroker;
  readonly #context: NetRpcClientContext;

  constructor(context: NetRpcClientContext) {
    this.#context = context;
    this.broker = new OurMuxBroker(
      context.broker,
      (stream) => new OurRpcObject({ ...context, rpc: createNetRpcClient(stream) }),
    );
  }

  async call<T>(name: string, args: unknown, { argsType, replyType }: RpcTypes = {}): Promise<T> {
    const argsSchema = argsType === undefined ? METHODS[name]!.args : GO_TYPES[argsType]!;
    const replySchema = replyType === undefined ? METHODS[name]!.reply : GO_TYPES[replyType]!;
    const value = fromGoJson(argsSchema, args);
    const reply$ = this.#context.rpc.call(`Plugin.${name}`, argsSchema, value, replySchema);
    try {
      return toGoJson(replySchema, await firstValueFrom(reply$)) as T;
    } catch (error) {
      throw error instanceof RemoteError ? new RpcFailure(error.message) : error;
    }
  }

  contextDone(): Promise<void> {
    return untilAborted(this.#context.signal);
  }

  close(): Promise<void> {
    return this.#context.rpc.close();
  }

  invoke(): Promise<never> {
    throw new Error('This object is not one of gRPC.');
  }

  open(): Promise<never> {
    throw new Error('This object is not one of gRPC.');
  }
}

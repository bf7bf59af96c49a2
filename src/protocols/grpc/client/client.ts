import { defer, Observable } from 'rxjs';
import type { CallOptions, ClientOf, MethodDefinition, ServiceDefinition } from '../shared/service-definition.js';
import type { GrpcChannel } from './channel.js';
import { ClientCall, type ClientMethod, clientMethod } from './client-call.js';
import { readableCall } from './readable-call.js';

/** A call on its way through the interceptors. */
export interface InterceptedCall {
  /** `/package.Service/Method` */
  readonly path: string;
  readonly method: MethodDefinition;
  /** The request message, or for a method with a request stream the stream. */
  readonly request: unknown;
  readonly options: CallOptions;
}

/**
 * Stands between a client's method and the call: may change what goes down to `next`, what comes back, or call `next` again (retry).
 * Called once per subscription. A call taken as a Readable does not pass through: only an Observable can be intercepted.
 */
export type CallInterceptor = (
  call: InterceptedCall,
  next: (call: InterceptedCall) => Observable<unknown>,
) => Observable<unknown>;

/** What a client does with every call. */
export interface GrpcClientOptions {
  /** The first one is the outermost. */
  readonly interceptors?: readonly CallInterceptor[];
  /** For every call; a call's own win. */
  readonly defaults?: CallOptions;
}

/** The typed client of a service. Makes no call and holds nothing by itself; the channel is borrowed. */
export function createGrpcClient<D extends ServiceDefinition>(
  channel: GrpcChannel,
  definition: D,
  options: GrpcClientOptions = {},
): ClientOf<D> {
  const methods = Object.entries(definition.methods).map(([key, method]) => {
    return [key, createMethod(clientMethod(channel, definition, method), options)] as const;
  });
  // The keys and kinds are those of the definition: ClientOf says the same in types.
  return Object.fromEntries(methods) as unknown as ClientOf<D>;
}

type AnyCall = (request: unknown, options?: CallOptions) => Observable<unknown>;

function createMethod(method: ClientMethod, { interceptors = [], defaults }: GrpcClientOptions): AnyCall {
  const merge = (own: CallOptions | undefined): CallOptions =>
    defaults === undefined ? (own ?? {}) : { ...defaults, ...own };
  const { path, definition } = method;
  const call = interceptors.reduceRight<(call: InterceptedCall) => Observable<unknown>>(
    (next, interceptor) => (intercepted) => interceptor(intercepted, next),
    ({ request, options }) => observeCall(method, request, options),
  );
  const plain: AnyCall = (request, own) => observeCall(method, request, merge(own));
  const through: AnyCall = (request, own) =>
    defer(() => call({ path, method: definition, request, options: merge(own) }));
  const invoke = interceptors.length === 0 ? plain : through;
  if (!definition.responseStream) return invoke;
  const readable = (request: unknown, own?: CallOptions) => readableCall(method, request, merge(own));
  return Object.assign(invoke, { readable });
}

/** One call, cold: each subscription makes it, unsubscribing cancels it. Errors with GrpcError, whatever failed. */
function observeCall(method: ClientMethod, request: unknown, options: CallOptions): Observable<unknown> {
  return new Observable((subscriber) => {
    const call = new ClientCall(method, options, subscriber);
    subscriber.add(call);
    call.start(request);
  });
}

import { defer, Observable } from 'rxjs';
import { checkOptions, optionNames } from '../../../wire/option-names.js';
import { type ServiceMethod, serviceMethods } from '../message/service-methods.js';
import type { CallOptions, ClientOf, MethodDefinition, ServiceDefinition } from '../shared/service-definition.js';
import { refuseThenable } from '../shared/validate-definition.js';
import { type ResolvedCallOptions, resolveCallOptions } from './call-options.js';
import type { GrpcChannel } from './channel.js';
import { ClientCall } from './client-call.js';
import { readableCall } from './readable-call.js';

/** A call as interceptors see it. */
export interface InterceptedCall {
  /** `/package.Service/Method` */
  readonly path: string;
  readonly method: MethodDefinition;
  /** The request message, or for a method with a request stream the stream. */
  readonly request: unknown;
  readonly options: ResolvedCallOptions;
}

/**
 * Wraps the calls of a client: it may change the call that it passes to `next`, the responses, or call `next` again (retry). Called once
 * per subscription. Calls made with `readable` are not intercepted.
 *
 * @example
 * const timed: CallInterceptor = (call, next) => {
 *   const begin = performance.now();
 *   return next(call).pipe(finalize(() => console.log(call.path, performance.now() - begin)));
 * };
 */
export type CallInterceptor = (
  call: InterceptedCall,
  next: (call: InterceptedCall) => Observable<unknown>,
) => Observable<unknown>;

/** Options of a client, for all its calls. */
export interface GrpcClientOptions {
  /** The first one is the outermost. */
  readonly interceptors?: readonly CallInterceptor[];
  /** Options of every call; those of the call itself win. */
  readonly defaults?: CallOptions;
  /**
   * Refuses requests with fields that the message does not have, and values of another type, with the path of the field. For JavaScript: generated
   * code ignores the former and converts most of the latter. Each request is also decoded again. @default false; on a host whether the environment variable RXPLUG_STRICT_MESSAGES is set
   */
  readonly strictMessages?: boolean;
}

const NAMES = optionNames<GrpcClientOptions>()('interceptors defaults strictMessages');

/**
 * The typed client of a service. It makes no call by itself, and does not close the channel. Throws OptionsError.
 *
 * @example
 * const channel = createGrpcChannel({ dialer: dialerTo({ network: 'unix', address: '/run/kv.sock' }) });
 * const kv = createGrpcClient(channel, KVDefinition);
 * const response = await firstValueFrom(kv.get({ key: 'a' }));
 */
export function createGrpcClient<D extends ServiceDefinition>(
  channel: GrpcChannel,
  definition: D,
  options: GrpcClientOptions = {},
): ClientOf<D> {
  checkOptions('a gRPC client', options, NAMES);
  const { interceptors = [], defaults, strictMessages } = options;
  const known = serviceMethods(definition, strictMessages);
  refuseThenable(definition);
  const all = { interceptors, defaults: resolveCallOptions(defaults) };
  const methods = known.map((method) => [method.key, createMethod(channel, method, all)] as const);
  // ClientOf describes the same keys and kinds in types.
  return Object.fromEntries(methods) as unknown as ClientOf<D>;
}

type AnyCall = (request: unknown, options?: CallOptions) => Observable<unknown>;

interface AllCalls {
  readonly interceptors: readonly CallInterceptor[];
  readonly defaults: ResolvedCallOptions;
}

function createMethod(channel: GrpcChannel, method: ServiceMethod, { interceptors, defaults }: AllCalls): AnyCall {
  const merge = (own: CallOptions | undefined): ResolvedCallOptions => resolveCallOptions(own, defaults);
  const { path, definition } = method;
  const call = interceptors.reduceRight<(call: InterceptedCall) => Observable<unknown>>(
    (next, interceptor) => (intercepted) => interceptor(intercepted, next),
    ({ request, options }) => observeCall(channel, method, request, resolveCallOptions(options)),
  );
  const plain: AnyCall = (request, own) =>
    own === undefined
      ? observeCall(channel, method, request, defaults)
      : defer(() => observeCall(channel, method, request, merge(own)));
  const through: AnyCall = (request, own) =>
    defer(() => call({ path, method: definition, request, options: merge(own) }));
  const invoke = interceptors.length === 0 ? plain : through;
  if (!definition.responseStream) return invoke;
  const readable = (request: unknown, own?: CallOptions) => readableCall(channel, method, request, merge(own));
  return Object.assign(invoke, { readable });
}

/** One call, cold: each subscription makes it, unsubscribing cancels it. Errors with GrpcError, whatever failed. */
function observeCall(
  channel: GrpcChannel,
  method: ServiceMethod,
  request: unknown,
  options: ResolvedCallOptions,
): Observable<unknown> {
  return new Observable((subscriber) => {
    const call = new ClientCall(channel, method, options, subscriber);
    subscriber.add(call);
    call.start(request);
  });
}

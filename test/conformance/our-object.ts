import { lastValueFrom } from 'rxjs';
import { createGrpcClient, type GrpcClientContext, type ServiceDefinition } from 'rxplug/grpc';
import { bounded } from './bounded.js';
import type { DrivenBroker, DrivenCallOptions, DrivenObject, Pairs } from './driver.js';
import { OurBroker } from './our-broker.js';
import { type AnyMethod, callOptionsOf, failureOf, OurCall, pairsOf } from './our-call.js';

/** What our host dispensed over gRPC, or dialed. */
export class OurObject implements DrivenObject {
  readonly broker: DrivenBroker;
  readonly #context: GrpcClientContext;
  readonly #close: () => Promise<void>;

  constructor(context: GrpcClientContext, close = async () => {}) {
    this.#context = context;
    this.#close = close;
    this.broker = new OurBroker(
      context.broker,
      (channel) => new OurObject({ ...context, channel }, () => channel.close()),
    );
  }

  // The bodies see methods without their types; the interface, which callers see, derives them from the definition.
  async invoke(
    service: ServiceDefinition,
    key: string,
    request: unknown,
    options: DrivenCallOptions = {},
  ): Promise<never> {
    let header: Pairs = {};
    let trailer: Pairs = {};
    const call$ = this.#method(service, key)(request, {
      ...callOptionsOf(options),
      onHeaders: (metadata) => {
        header = pairsOf(metadata);
      },
      onTrailers: (metadata) => {
        trailer = pairsOf(metadata);
      },
    });
    try {
      return { message: await lastValueFrom(call$), header, trailer } as never;
    } catch (error) {
      throw failureOf(error, header);
    }
  }

  async open(
    service: ServiceDefinition,
    key: string,
    options: DrivenCallOptions & { readonly request?: unknown } = {},
  ): Promise<never> {
    const { requestStream } = service.methods[key]!;
    return new OurCall(this.#method(service, key), requestStream, options) as never;
  }

  call(): Promise<never> {
    throw new Error('This object is not one of net/rpc.');
  }

  contextDone(): Promise<void> {
    return untilAborted(this.#context.signal);
  }

  close(): Promise<void> {
    return this.#close();
  }

  #method(service: ServiceDefinition, key: string): AnyMethod {
    const client = createGrpcClient(this.#context.channel, service, this.#context.clientOptions);
    return client[key] as AnyMethod;
  }
}

/** Resolves when what a plugin's client was made with says that the plugin is gone. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await bounded(aborted, 'the signal of the plugin');
}

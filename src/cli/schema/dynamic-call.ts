import type { DescMethod, Message } from '@bufbuild/protobuf';
import type { Observable } from 'rxjs';
import type { CallOptions } from 'rxplug';
import { createGrpcClient, fromProtobufEs, type GrpcChannel } from 'rxplug/grpc';

/** A message of a type that is known at run time only. */
export type DynamicMessage = Message & Record<string, unknown>;

type Call = (request: unknown, options: CallOptions) => Observable<DynamicMessage>;
type StreamedCall = Call & { readable(request: unknown, options: CallOptions): AsyncIterable<DynamicMessage> };

/** A method that takes one request. */
export function takesOne({ methodKind }: DescMethod): boolean {
  return methodKind === 'unary' || methodKind === 'server_streaming';
}

/** A method that answers once. */
export function answersOnce({ methodKind }: DescMethod): boolean {
  return methodKind === 'unary' || methodKind === 'client_streaming';
}

/** Calls a method of any kind. The responses come as they are read. Throws GrpcError. */
export async function* callMethod(
  channel: GrpcChannel,
  method: DescMethod,
  requests: AsyncIterable<DynamicMessage>,
  options: CallOptions,
): AsyncGenerator<DynamicMessage> {
  const definition = await fromProtobufEs(method.parent);
  const call = createGrpcClient(channel, definition)[method.localName] as unknown as StreamedCall;
  const input = takesOne(method) ? await onlyOne(requests) : requests;
  if (answersOnce(method)) yield* each(call(input, options));
  else yield* call.readable(input, options);
}

async function* each(answer$: Observable<DynamicMessage>): AsyncGenerator<DynamicMessage> {
  const found: DynamicMessage[] = [];
  await answer$.forEach((answer) => void found.push(answer));
  yield* found;
}

async function onlyOne(requests: AsyncIterable<DynamicMessage>): Promise<DynamicMessage> {
  for await (const request of requests) return request;
  throw new Error('A method that takes one request was given none.');
}

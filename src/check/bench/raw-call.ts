import type { Observable } from 'rxjs';
import type { GrpcChannel } from '../../protocols/grpc/client/channel.js';
import { createGrpcClient } from '../../protocols/grpc/client/client.js';
import type { MessageType } from '../../protocols/grpc/shared/method-definition.js';

/** Messages as they are on the wire. */
const BYTES: MessageType<Uint8Array, Uint8Array> = {
  encode: (bytes) => ({ finish: () => bytes }),
  decode: (bytes) => bytes.slice(),
  fromPartial: (bytes) => bytes,
};

/** Calls a method with a request of any bytes. Cold. */
export function callRaw(
  channel: GrpcChannel,
  service: string,
  method: string,
  request: Uint8Array,
  { timeoutMs }: { readonly timeoutMs: number },
): Observable<Uint8Array> {
  const call = { name: method, requestType: BYTES, requestStream: false, responseType: BYTES, responseStream: false };
  const definition = { name: service, fullName: service, methods: { call } } as const;
  const client = createGrpcClient(channel, definition) as unknown as {
    call(request: Uint8Array, options: { readonly timeoutMs: number }): Observable<Uint8Array>;
  };
  return client.call(request, { timeoutMs });
}

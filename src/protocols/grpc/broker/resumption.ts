import { HandlerContext } from '../server/context.js';
import { GrpcError } from '../shared/errors.js';
import { Metadata } from '../shared/grpc-js.js';
import type { CallContext } from '../shared/service-definition.js';

/**
 * Request header of StartStream by which a host of ours names itself, and response header by which a plugin of ours says that the same host
 * may go on in another call, after the connection was lost. Peers in Go know neither.
 */
const HEADER = 'rxplug-broker';
const RESUMABLE = 'resumable';

/** A name for a host's broker that no other host has. */
export function newBrokerName(): string {
  return crypto.randomUUID();
}

/** The request headers of a host. */
export function namedBroker(name: string): Metadata {
  const metadata = new Metadata();
  metadata.set(HEADER, name);
  return metadata;
}

/** The name that the host has given; undefined for hosts in Go. */
export function brokerNameOf(metadata: Metadata): string | undefined {
  return metadata.get(HEADER)[0]?.toString();
}

/** The response headers of a plugin whose broker can be resumed. */
export function resumableBroker(): Metadata {
  return namedBroker(RESUMABLE);
}

export function isResumable(metadata: Metadata): boolean {
  return brokerNameOf(metadata) === RESUMABLE;
}

/** Whether the broker of this call can be resumed: its host has a name, and the loss of its connection will be told from a cancellation. */
export function canResume(call: CallContext): boolean {
  return brokerNameOf(call.metadata) !== undefined && call instanceof HandlerContext && call.tellsLoss;
}

/** Whether the call has ended because its connection was lost, and not by the will of its caller. */
export function wasLost({ signal }: CallContext): boolean {
  return signal.aborted && GrpcError.is(signal.reason) && signal.reason.cause !== undefined;
}

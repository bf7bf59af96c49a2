import {
  ClosedError,
  type Delivery,
  errorMessage,
  PluginError,
  type PluginErrorOptions,
  ProtocolError,
  TransportError,
} from '../../errors.js';
import { lostCallMessage } from '../delivery.js';

export function closedHere(): ClosedError {
  return new ClosedError('ERR_CLOSED', 'connection is shut down: this net/rpc client was closed.');
}

/** An error of the same class for each call, since they differ in what was delivered. A close that was asked for is no loss. */
export function lostCall(cause: PluginError, delivery: Delivery): PluginError {
  if (cause.code === 'ERR_CLOSED') return cause;
  const Kind = cause.constructor as new (code: string, message: string, options: PluginErrorOptions) => PluginError;
  return new Kind(cause.code, lostCallMessage(cause.message, delivery), {
    cause,
    details: { ...cause.details, delivery },
  });
}

export function connectionLost(cause?: unknown): PluginError {
  const message = 'The net/rpc connection ended: the other side closed it or exited.';
  return new TransportError('ERR_CONNECTION_LOST', message, cause === undefined ? {} : { cause });
}

export function toPluginError(error: unknown): PluginError {
  if (PluginError.is(error)) return error;
  const message = errorMessage(error);
  return new ProtocolError('ERR_NET_RPC_PROTOCOL', message, { cause: error });
}

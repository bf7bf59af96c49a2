import { NEVER, type Subscription } from 'rxjs';
import type { GrpcChannel } from '../../protocols/grpc/client/channel.js';
import { createGrpcClient } from '../../protocols/grpc/client/client.js';
import { GRPCBrokerDefinition } from '../../protocols/grpc/gen/internal/plugin/grpc_broker.js';
import { GRPCStdioDefinition } from '../../protocols/grpc/gen/internal/plugin/grpc_stdio.js';
import { GrpcError } from '../../protocols/grpc/shared/errors.js';

/** The calls that a host keeps open as long as a plugin runs. */
export interface OpenCalls extends AsyncDisposable {
  /** How a call has ended; undefined while it is open. */
  statusOf(call: 'StreamStdio' | 'StartStream'): string | undefined;
}

/** Makes the calls that a host makes at once. The caller disposes them. */
export function openCalls(channel: GrpcChannel): OpenCalls {
  const statuses = new Map<string, string>();
  const endOf = (name: string) => ({
    complete: () => void statuses.set(name, 'OK'),
    error: (error: unknown) => void statuses.set(name, GrpcError.is(error) ? error.statusName : String(error)),
  });
  const calls: readonly Subscription[] = [
    createGrpcClient(channel, GRPCStdioDefinition).streamStdio({}).subscribe(endOf('StreamStdio')),
    createGrpcClient(channel, GRPCBrokerDefinition).startStream(NEVER).subscribe(endOf('StartStream')),
  ];
  return {
    statusOf: (call) => statuses.get(call),
    [Symbol.asyncDispose]: async () => {
      for (const call of calls) call.unsubscribe();
    },
  };
}

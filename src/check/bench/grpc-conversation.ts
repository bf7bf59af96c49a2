import { firstValueFrom } from 'rxjs';
import type { GrpcChannel } from '../../protocols/grpc/client/channel.js';
import { createGrpcClient } from '../../protocols/grpc/client/client.js';
import { createGrpcChannel } from '../../protocols/grpc/engine.js';
import { HealthDefinition } from '../../protocols/grpc/gen/grpc/health/v1/health.js';
import { GRPCControllerDefinition } from '../../protocols/grpc/gen/internal/plugin/grpc_controller.js';
import { checkHealth, type ReportedStatus } from '../../protocols/grpc/services/health-client.js';
import { GrpcError } from '../../protocols/grpc/shared/errors.js';
import { status as Status } from '../../protocols/grpc/shared/grpc-js.js';
import type { Dialer } from '../../transports/transport.js';

/** Bound of one answer. */
export const ANSWER_MS = 5000;

/** A host's connection over gRPC. It is made with the first call. */
export class GrpcConversation implements AsyncDisposable {
  readonly channel: GrpcChannel;

  constructor(dialer: Dialer) {
    this.channel = createGrpcChannel({ dialer, connectTimeoutMs: ANSWER_MS });
  }

  async ping(): Promise<void> {
    await this.health();
  }

  health(service = 'plugin'): Promise<ReportedStatus> {
    return checkHealth(createGrpcClient(this.channel, HealthDefinition), { service, timeoutMs: ANSWER_MS });
  }

  /** UNAVAILABLE is what a Go plugin gives: it closes the connection. */
  async end(): Promise<string> {
    const controller = createGrpcClient(this.channel, GRPCControllerDefinition);
    try {
      await firstValueFrom(controller.shutdown({}, { timeoutMs: ANSWER_MS }));
      return 'OK';
    } catch (error) {
      if (GrpcError.is(error) && error.status === Status.UNAVAILABLE) return 'UNAVAILABLE';
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.channel.close();
  }
}

/** The name of the status with which a call has failed. Throws what is no such failure. */
export function statusOf(error: unknown): string {
  if (GrpcError.is(error)) return error.statusName;
  throw error;
}

import { BehaviorSubject, distinctUntilChanged, map, type Observable, type Subscription } from 'rxjs';
import {
  HealthCheckResponse_ServingStatus as Code,
  type HealthCheckRequest,
  type HealthDefinition,
} from '../gen/grpc/health/v1/health.js';
import { GrpcError } from '../shared/errors.js';
import { status as Status } from '../shared/grpc-js.js';
import type { ServiceOf } from '../shared/service-definition.js';

/** Whether a service takes calls. `UNKNOWN` is a listed service that does not know; a service that is not listed has no status. */
export type ServingStatus = 'SERVING' | 'NOT_SERVING' | 'UNKNOWN';

/** Serving status by service name; the empty name stands for the server as a whole. */
export type HealthStatuses = Readonly<Record<string, ServingStatus>>;

/** The service that a go-plugin host asks for (go-plugin grpc_server.go GRPCServiceName). */
export const GRPC_SERVICE_NAME = 'plugin';

/** As in grpc-go health/server.go. */
const MAX_LISTED = 100;

/**
 * The standard health service (grpc.health.v1). `plugin` and the server as a whole are SERVING from the start. For names without a status
 * Check fails with NOT_FOUND and Watch says SERVICE_UNKNOWN, as in grpc-go.
 *
 * @example
 * await serve({ handshake, plugins, grpc: { configure: (_server, health) => health.set({ 'app.Store': 'NOT_SERVING' }) } });
 */
export class HealthService implements ServiceOf<typeof HealthDefinition> {
  #statuses: HealthStatuses = { '': 'SERVING', [GRPC_SERVICE_NAME]: 'SERVING' };
  /** For those that watch; made with the first of them, since a plugin starts without rxjs. */
  #watched: BehaviorSubject<HealthStatuses> | undefined;

  /** Sets the status of the named services; the others keep theirs. */
  set(statuses: HealthStatuses): void {
    this.#statuses = { ...this.#statuses, ...statuses };
    this.#watched?.next(this.#statuses);
  }

  /** Sets every value of `statuses$`, until the returned Subscription is ended. If it errors, every service becomes NOT_SERVING. */
  follow(statuses$: Observable<HealthStatuses>): Subscription {
    return statuses$.subscribe({ next: (statuses) => this.set(statuses), error: () => this.setAll('NOT_SERVING') });
  }

  /** Gives every listed service the same status, for instance NOT_SERVING before the server stops. */
  setAll(status: ServingStatus): void {
    this.set(Object.fromEntries(Object.keys(this.#statuses).map((name) => [name, status])));
  }

  check({ service }: HealthCheckRequest) {
    const status = statusOf(this.#statuses, service);
    if (status === undefined) throw new GrpcError(Status.NOT_FOUND, 'unknown service');
    return { status: Code[status] };
  }

  watch({ service }: HealthCheckRequest) {
    this.#watched ??= new BehaviorSubject(this.#statuses);
    return this.#watched.pipe(
      map((statuses) => Code[statusOf(statuses, service) ?? 'SERVICE_UNKNOWN']),
      distinctUntilChanged(),
      map((status) => ({ status })),
    );
  }

  list() {
    const entries = Object.entries(this.#statuses);
    if (entries.length > MAX_LISTED)
      throw new GrpcError(Status.RESOURCE_EXHAUSTED, `server health list exceeds maximum capacity: ${MAX_LISTED}`);
    return { statuses: Object.fromEntries(entries.map(([name, status]) => [name, { status: Code[status] }])) };
  }
}

/** Own properties only: the peer may ask for `constructor`. */
function statusOf(statuses: HealthStatuses, service: string): ServingStatus | undefined {
  return Object.hasOwn(statuses, service) ? statuses[service] : undefined;
}

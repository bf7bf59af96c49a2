import { settledWithin } from '../../../streams/settled-within.js';
import type { GRPCControllerDefinition } from '../gen/internal/plugin/grpc_controller.js';
import type { ServiceOf } from '../shared/service-definition.js';

/** What a plugin does when its host asks it to shut down. */
export interface ControllerOptions {
  /** Runs before the answer, for what has to reach the host first: the rest of stdout and stderr. Its failure is ignored. */
  readonly beforeAnswer?: () => Promise<unknown>;
  /** Called once, when the answer was sent or could not be sent: the plugin stops now. Must not throw. */
  readonly onShutdown: () => void;
  /** Bounds `beforeAnswer`, and then the sending of the answer. A host kills the plugin after 2 s. @default 500 ms */
  readonly stepTimeoutMs?: number;
}

const STEP_TIMEOUT_MS = 500;

/**
 * The service by which a host shuts the plugin down. A Go plugin closes its connections without an answer (go-plugin grpc_controller.go
 * Shutdown); this one answers first. `onShutdown` is called once, however often the host asks.
 */
export function createController(options: ControllerOptions): ServiceOf<typeof GRPCControllerDefinition> {
  const { beforeAnswer, onShutdown, stepTimeoutMs = STEP_TIMEOUT_MS } = options;
  let prepared: Promise<boolean> | undefined;
  return {
    async shutdown(_request, call) {
      if (prepared === undefined) {
        prepared = settledWithin(stepTimeoutMs, (async () => beforeAnswer?.())());
        void prepared.then(() => settledWithin(stepTimeoutMs, call.ended)).then(onShutdown);
      }
      await prepared;
      return {};
    },
  };
}

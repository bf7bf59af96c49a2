import { settledWithin } from '../../../streams/settled-within.js';
import type { GRPCControllerDefinition } from '../gen/internal/plugin/grpc_controller.js';
import type { ServiceOf } from '../shared/service-definition.js';

/** What a plugin does when it is asked to end. */
export interface ControllerOptions {
  /** Runs before the answer, for what has to reach the host first: the rest of stdout and stderr. A failure of it is ignored. */
  readonly beforeAnswer?: () => Promise<unknown>;
  /** Called once, when the answer has left or could not leave: now the plugin is to stop. Must not throw. */
  readonly onShutdown: () => void;
  /** Bounds `beforeAnswer`, and the leaving of the answer as well. The host kills after 2 s. @default 500 ms */
  readonly stepTimeoutMs?: number;
}

const STEP_TIMEOUT_MS = 500;

/**
 * The service with which a host ends the plugin. A Go plugin cuts its connections instead of answering (go-plugin
 * grpc_controller.go Shutdown); here the answer comes first. However often the host asks, `onShutdown` is called once.
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

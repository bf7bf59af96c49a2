import type { RunnerSpec } from '../../src/runners/runner.js';
import { SILENT_LOGGER } from '../../src/wire/logs/logger.js';

/** The spec for a runner that uses nothing of it. */
export const EMPTY_SPEC: RunnerSpec = { env: {}, ownEnv: {}, logger: SILENT_LOGGER };

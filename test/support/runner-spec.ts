import type { RunnerSpec } from '../../src/runners/runner.js';
import { SILENT_LOGGER } from '../../src/wire/logs/logger.js';

/** What a host tells a runner that needs nothing of it. */
export const EMPTY_SPEC: RunnerSpec = { env: {}, ownEnv: {}, logger: SILENT_LOGGER };

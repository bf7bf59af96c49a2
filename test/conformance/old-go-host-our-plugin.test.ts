import { GO_TO_OURS, onGoPlugin } from './pairings.js';
import { oldVersionSuites } from './suites.js';

for (const version of ['1.0.1', '1.4.10'] as const) oldVersionSuites(onGoPlugin(version, GO_TO_OURS));

import { OURS_TO_OURS } from './pairings.js';
import { netRpcSuites } from './suites.js';

netRpcSuites(OURS_TO_OURS);

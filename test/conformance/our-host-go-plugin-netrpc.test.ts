import { OURS_TO_GO } from './pairings.js';
import { netRpcSuites } from './suites.js';

netRpcSuites(OURS_TO_GO);

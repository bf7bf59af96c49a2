import { OURS_TO_GO } from './pairings.js';
import { netRpcLifeSuites } from './suites.js';

netRpcLifeSuites(OURS_TO_GO);

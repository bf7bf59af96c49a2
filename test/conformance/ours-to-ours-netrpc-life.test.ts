import { OURS_TO_OURS } from './pairings.js';
import { netRpcLifeSuites } from './suites.js';

netRpcLifeSuites(OURS_TO_OURS);

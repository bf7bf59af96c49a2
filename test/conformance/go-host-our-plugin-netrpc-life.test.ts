import { GO_TO_OURS } from './pairings.js';
import { netRpcLifeSuites } from './suites.js';

netRpcLifeSuites(GO_TO_OURS);

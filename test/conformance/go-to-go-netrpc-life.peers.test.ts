import { GO_TO_GO } from './pairings.js';
import { netRpcLifeSuites } from './suites.js';

netRpcLifeSuites(GO_TO_GO);

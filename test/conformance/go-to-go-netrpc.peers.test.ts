import { GO_TO_GO } from './pairings.js';
import { netRpcSuites } from './suites.js';

netRpcSuites(GO_TO_GO);

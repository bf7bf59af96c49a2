import { GO_TO_OURS } from './pairings.js';
import { netRpcSuites } from './suites.js';

netRpcSuites(GO_TO_OURS);

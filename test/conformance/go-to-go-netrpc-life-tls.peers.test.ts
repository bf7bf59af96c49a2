import { GO_TO_GO } from './pairings.js';
import { netRpcLifeTlsSuites } from './suites.js';

netRpcLifeTlsSuites(GO_TO_GO);

import { GO_TO_GO } from './pairings.js';
import { brokerSuites } from './suites.js';

brokerSuites(GO_TO_GO);

import { GO_TO_OURS } from './pairings.js';
import { brokerSuites } from './suites.js';

brokerSuites(GO_TO_OURS);

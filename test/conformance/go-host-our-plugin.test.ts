import { GO_TO_OURS } from './pairings.js';
import { plainSuites } from './suites.js';

plainSuites(GO_TO_OURS);

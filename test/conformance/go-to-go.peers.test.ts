import { GO_TO_GO } from './pairings.js';
import { plainSuites } from './suites.js';

plainSuites(GO_TO_GO);

import { GO_TO_OURS } from './pairings.js';
import { multiplexSuites } from './suites.js';

multiplexSuites(GO_TO_OURS);

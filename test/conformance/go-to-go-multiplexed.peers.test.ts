import { GO_TO_GO } from './pairings.js';
import { multiplexSuites } from './suites.js';

multiplexSuites(GO_TO_GO);

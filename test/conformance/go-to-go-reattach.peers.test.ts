import { GO_TO_GO } from './pairings.js';
import { reattachSuites } from './suites.js';

reattachSuites(GO_TO_GO);

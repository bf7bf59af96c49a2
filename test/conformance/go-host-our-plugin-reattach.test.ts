import { GO_TO_OURS } from './pairings.js';
import { reattachSuites } from './suites.js';

reattachSuites(GO_TO_OURS);

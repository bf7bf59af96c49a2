import { OURS_TO_GO } from './pairings.js';
import { tlsSuites } from './suites.js';

tlsSuites(OURS_TO_GO);

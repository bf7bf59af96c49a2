import { GO_TO_GO } from './pairings.js';
import { tlsSuites } from './suites.js';

tlsSuites(GO_TO_GO);

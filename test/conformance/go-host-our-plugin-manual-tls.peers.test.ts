import { GO_TO_OURS } from './pairings.js';
import { tlsDirectory } from './suite/tls.js';
import { manualTlsSuites } from './suites.js';

manualTlsSuites(GO_TO_OURS, (await tlsDirectory()).directory);

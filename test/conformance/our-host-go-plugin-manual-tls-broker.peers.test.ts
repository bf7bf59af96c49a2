import { OURS_TO_GO } from './pairings.js';
import { tlsDirectory } from './suite/tls.js';
import { manualTlsBrokerSuites } from './suites.js';

manualTlsBrokerSuites(OURS_TO_GO, (await tlsDirectory()).directory);

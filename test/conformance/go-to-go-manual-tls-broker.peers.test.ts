import { GO_TO_GO } from './pairings.js';
import { tlsDirectory } from './suite/tls.js';
import { manualTlsBrokerSuites } from './suites.js';

manualTlsBrokerSuites(GO_TO_GO, (await tlsDirectory()).directory);

import { GO_TO_OURS } from './pairings.js';
import { callsSuite } from './suite/calls.js';
import { errorsSuite } from './suite/errors.js';
import { lifecycleSuite } from './suite/lifecycle.js';
import { logsSuite } from './suite/logs.js';
import { cancellationSuite, metadataSuite, sizesSuite } from './suite/metadata.js';
import { environmentSuite, negotiationSuite } from './suite/negotiation.js';
import { stdioSuite } from './suite/stdio.js';

callsSuite(GO_TO_OURS);
errorsSuite(GO_TO_OURS);
metadataSuite(GO_TO_OURS);
sizesSuite(GO_TO_OURS);
cancellationSuite(GO_TO_OURS);
stdioSuite(GO_TO_OURS);
logsSuite(GO_TO_OURS);
negotiationSuite(GO_TO_OURS);
environmentSuite(GO_TO_OURS);
lifecycleSuite(GO_TO_OURS);

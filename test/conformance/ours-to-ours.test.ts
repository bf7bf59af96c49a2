import { OURS_TO_OURS } from './pairings.js';
import { callsSuite } from './suite/calls.js';
import { errorsSuite } from './suite/errors.js';
import { lifecycleSuite } from './suite/lifecycle.js';
import { logsSuite } from './suite/logs.js';
import { cancellationSuite, metadataSuite, sizesSuite } from './suite/metadata.js';
import { environmentSuite, negotiationSuite } from './suite/negotiation.js';
import { stdioSuite } from './suite/stdio.js';

callsSuite(OURS_TO_OURS);
errorsSuite(OURS_TO_OURS);
metadataSuite(OURS_TO_OURS);
sizesSuite(OURS_TO_OURS);
cancellationSuite(OURS_TO_OURS);
stdioSuite(OURS_TO_OURS);
logsSuite(OURS_TO_OURS);
negotiationSuite(OURS_TO_OURS);
environmentSuite(OURS_TO_OURS);
lifecycleSuite(OURS_TO_OURS);

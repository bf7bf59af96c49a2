import { GO_TO_OURS, withAutoMtls } from './pairings.js';
import { callsSuite } from './suite/calls.js';
import { errorsSuite } from './suite/errors.js';
import { lifecycleSuite } from './suite/lifecycle.js';
import { cancellationSuite, metadataSuite, sizesSuite } from './suite/metadata.js';
import { environmentSuite } from './suite/negotiation.js';
import { stdioSuite } from './suite/stdio.js';
import { autoMtlsSuite, tlsMismatchSuite } from './suite/tls.js';

const secured = withAutoMtls(GO_TO_OURS);

tlsMismatchSuite(GO_TO_OURS);
autoMtlsSuite(secured);
callsSuite(secured);
errorsSuite(secured);
metadataSuite(secured);
sizesSuite(secured);
cancellationSuite(secured);
stdioSuite(secured);
environmentSuite(secured);
lifecycleSuite(secured);

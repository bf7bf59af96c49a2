import { GO_TO_GO, withAutoMtls, withMultiplexing } from './pairings.js';
import { brokerSuite } from './suite/broker.js';
import { deadHostSuite, multiplexSuite } from './suite/multiplex.js';

for (const pairing of [GO_TO_GO, withAutoMtls(GO_TO_GO)]) {
  brokerSuite(pairing);
  const multiplexed = withMultiplexing(pairing);
  brokerSuite(multiplexed);
  multiplexSuite(multiplexed);
  deadHostSuite(multiplexed);
}

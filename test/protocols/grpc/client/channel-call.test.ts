import { ChannelCall } from '../../../../src/protocols/grpc/client/channel-call.js';
import { testDeadlineRace } from '../shared/deadline-race.js';

const CANCEL = 8;

testDeadlineRace(
  (host, path, options, events) => new ChannelCall(host, path, options, events),
  (call) => call.onReset(CANCEL),
);

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { YamuxStreamState } from '../../../src/transports/yamux/stream-state.js';

test('a stream has the states of hashicorp/yamux for any order of events', () => {
  const steps = fc.constantFrom('acknowledge', 'sendFin', 'receiveFin', 'reset', 'endSession');
  const opened = fc.constantFrom('SYN sent', 'SYN received');
  fc.assert(
    fc.property(opened, fc.array(steps, { maxLength: 6 }), (first, list) => {
      const state = new YamuxStreamState(first);
      let sent = false;
      let received = false;
      let ended = false;
      let acknowledged = first === 'SYN received';
      for (const step of list) {
        state[step]();
        if (ended || (sent && received)) continue;
        if (step === 'sendFin') sent = true;
        else if (step === 'receiveFin') received = true;
        else if (step === 'acknowledge') acknowledged = true;
        else ended = true;
      }
      const over = ended || (sent && received);
      assert.equal(state.isOver, over);
      assert.equal(state.isLocalClosed, sent && !over);
      assert.equal(state.isRemoteClosed, received && !over);
      assert.equal(state.isUnacknowledged, !acknowledged && !sent && !received && !over);
    }),
  );
});

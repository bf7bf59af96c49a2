import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ClosedBy, StreamState } from '../../../../src/transports/http2/stream/state.js';

const RESETS: readonly ClosedBy[] = ['early response', 'reset sent', 'reset received', 'connection'];

interface Model {
  opened: boolean;
  sent: boolean;
  received: boolean;
  closedBy: ClosedBy | undefined;
}

function check(state: StreamState, model: Model): void {
  const { opened, sent, received, closedBy } = model;
  assert.equal(state.isIdle, !opened && closedBy === undefined);
  assert.equal(state.isClosed, closedBy !== undefined);
  assert.equal(state.closedBy, closedBy);
  const kept = closedBy === undefined || closedBy === 'end of stream';
  assert.equal(state.remoteEnded, received && kept);
  assert.equal(state.localEnded, (sent && kept) || closedBy === 'early response');
}

test('a stream has the states of RFC 9113 for any order of events', () => {
  const steps = fc.array(fc.constantFrom('open', 'send', 'receive', ...RESETS), { maxLength: 8 });
  fc.assert(
    fc.property(steps, (list) => {
      const state = new StreamState();
      const model: Model = { opened: false, sent: false, received: false, closedBy: undefined };
      for (const step of list) {
        const open = model.opened && model.closedBy === undefined;
        if (step === 'open') {
          state.open();
          model.opened ||= model.closedBy === undefined;
        } else if (step === 'send') {
          state.sendEndStream();
          model.sent ||= open;
        } else if (step === 'receive') {
          state.receiveEndStream();
          model.received ||= open;
        } else {
          state.close(step);
          model.closedBy ??= step;
        }
        if (model.sent && model.received) model.closedBy ??= 'end of stream';
        check(state, model);
      }
    }),
  );
});

test('a stream awaits headers while the peer may send and has sent none', () => {
  const state = new StreamState();
  assert.equal(state.awaitsHeaders, false);
  state.open();
  assert.equal(state.awaitsHeaders, true);
  state.sendEndStream();
  assert.equal(state.awaitsHeaders, true);
  state.receiveHeaders();
  assert.equal(state.awaitsHeaders, false);
  const reset = new StreamState();
  reset.open();
  reset.close('reset received');
  assert.equal(reset.awaitsHeaders, false);
});

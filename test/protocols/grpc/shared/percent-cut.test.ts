import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutGrpcMessage, encodeGrpcMessage } from '../../../../src/protocols/grpc/shared/percent.js';

test('a message is cut to any number of encoded bytes, between characters', () => {
  for (const message of ['plain text', 'é%é 😀 x', '😀'.repeat(10), '']) {
    const whole = encodeGrpcMessage(message).length;
    for (let maxBytes = -10; maxBytes <= whole + 10; maxBytes++) {
      const cut = cutGrpcMessage(message, maxBytes);
      if (maxBytes >= whole) assert.equal(cut, message);
      else
        assert.ok(
          cut === '' || (cut.endsWith('…') && message.startsWith(cut.slice(0, -1)) && !/\p{Surrogate}/u.test(cut)),
          cut,
        );
      assert.ok(encodeGrpcMessage(cut).length <= Math.max(0, maxBytes), `${cut} in ${maxBytes}`);
    }
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retry } from 'rxjs';
import { HandshakeError, OptionsError, SecurityError, StartError, TransportError } from '../../src/errors.js';
import { backoff } from '../../src/streams/backoff.js';
import { cannotHeal } from '../../src/streams/cannot-heal.js';
import { marbles } from '../../src/testing/marbles.js';

const systemError = (code: string) => Object.assign(new Error(code), { code });
const exited = (...stderr: string[]) => new StartError('ERR_EXITED_EARLY', '', { details: { stderr } });

const lasting: readonly (readonly [what: string, error: unknown])[] = [
  ['wrong options', new OptionsError('')],
  ['a program that is not there', new StartError('ERR_SPAWN', '', { cause: systemError('ENOENT') })],
  ['a checksum', new SecurityError('ERR_CHECKSUM_MISMATCH', '')],
  ['a TLS setting', new SecurityError('ERR_TLS', '')],
  ['versions', new HandshakeError('ERR_APP_VERSION_MISMATCH', '')],
  ['a syntax error of Node', exited('/app/plugin.js:3', "SyntaxError: Unexpected token '}'", 'Node.js v20.19.0')],
  ['a syntax error of Python', exited('  File "kv.py", line 1', 'IndentationError: unexpected indent')],
];
const momentary: readonly (readonly [what: string, error: unknown])[] = [
  ['no processes left', new StartError('ERR_SPAWN', '', { cause: systemError('EAGAIN') })],
  ['a program that is being written', new StartError('ERR_SPAWN', '', { cause: systemError('ETXTBSY') })],
  ['a plugin that exits', exited('cannot open the database')],
  ['a slow start', new StartError('ERR_START_TIMEOUT', '')],
  ['a lost connection', new TransportError('ERR_CONNECTION_LOST', '')],
  ['another error', new Error('SyntaxError')],
  ['no error', undefined],
];

for (const [what, error] of lasting)
  test(`${what}: starting again would fail again`, () => assert.ok(cannotHeal(error)));
for (const [what, error] of momentary) test(`${what}: starting again may help`, () => assert.ok(!cannotHeal(error)));

test('backoff gives up on what cannot heal, or on what `giveUp` says', () => {
  const lost = new TransportError('ERR_CONNECTION_LOST', '');
  const wrong = new OptionsError('');
  marbles(({ cold, expectObservable, expectSubscriptions }) => {
    const waits = { initialMs: 2, maxMs: 2, jitter: 0 };
    const source = cold('#', {}, wrong);
    expectObservable(source.pipe(retry({ delay: backoff(waits) }))).toBe('#', {}, wrong);
    expectSubscriptions(source.subscriptions).toBe('(^!)');
    const other = cold('#', {}, lost);
    const giveUp = (error: unknown) => error === lost;
    expectObservable(other.pipe(retry({ delay: backoff({ ...waits, giveUp }) }))).toBe('#', {}, lost);
    expectSubscriptions(other.subscriptions).toBe('(^!)');
  });
});

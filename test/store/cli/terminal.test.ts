import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { within } from '../../support/defer.js';
import { good, newPlace, pluginFolder } from './published.js';

const MAIN = fileURLToPath(new URL('main.js', import.meta.url));
const hasTerminals = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0;

/** Runs a command in a terminal, answers each of its questions, and resolves with its exit code and all that the terminal showed. */
async function atTerminal(
  cwd: string,
  args: string,
  answers: readonly (readonly [question: string, answer: string])[],
) {
  const child = spawn('script', ['-qec', `'${process.execPath}' '${MAIN}' ${args}`, '/dev/null'], { cwd });
  let shown = '';
  let at = 0;
  const left = [...answers];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    const found = left.length === 0 ? -1 : shown.indexOf(left[0]![0], at);
    if (found < 0) return;
    at = found + left[0]![0].length;
    child.stdin.write(left.shift()![1]);
  });
  const exited = once(child, 'close') as Promise<[number]>;
  const [code] = await within(60_000, args, exited).finally(() => child.kill());
  return { code, shown };
}

describe('at a terminal', { skip: hasTerminals ? false : 'script is not installed: there are no terminals' }, () => {
  test('a password is asked for and not shown', async () => {
    const cwd = newPlace();
    const made = await atTerminal(cwd, 'keygen', [
      ['Password for the new key: ', 'ge heim\r'],
      ['Once more: ', 'ge heim\r'],
    ]);
    assert.equal(made.code, 0, made.shown);
    assert.ok(!made.shown.includes('heim'), made.shown);
    await good(cwd, ['pack', pluginFolder('1.0.0')]);
    const signed = await atTerminal(cwd, 'sign .', [['Password of ', 'ge heim\r']]);
    assert.equal(signed.code, 0, signed.shown);
  });

  test('Ctrl-C at the question ends the command, and nothing is written', async () => {
    const cwd = newPlace();
    const ended = await atTerminal(cwd, 'keygen', [['Password for the new key: ', 'ge\u0003']]);
    assert.equal(ended.code, 1, ended.shown);
    assert.match(ended.shown, /Nothing was answered\./);
    assert.equal(existsSync(join(cwd, 'minisign.key')), false);
  });
});

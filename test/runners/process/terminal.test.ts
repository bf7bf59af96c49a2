import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fixture, testEnv } from '../../fixtures/fixture.js';
import { defer, within } from '../../support/defer.js';

const host = fileURLToPath(new URL('../../fixtures/hosts/terminal-host.js', import.meta.url));
const hasTerminals = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0;

/** A host with a plugin on a terminal of its own, made by util-linux's script(1). */
class Terminal {
  readonly #child: ChildProcess;
  #screen = '';
  #changed = defer();

  constructor(processGroup: 'own' | 'shared') {
    const command = [process.execPath, host, processGroup, ...fixture('uses-terminal').slice(1)];
    this.#child = spawn('script', ['-qec', command.join(' '), '/dev/null'], { env: testEnv() });
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#screen += chunk.toString();
      this.#changed.resolve();
      this.#changed = defer();
    });
  }

  get screen(): string {
    return this.#screen;
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  async shows(text: string): Promise<void> {
    while (!this.#screen.includes(text)) await within(20_000, `"${text}" after ${this.#screen}`, this.#changed.promise);
  }

  async end(): Promise<void> {
    const exited = once(this.#child, 'close');
    this.type('bye\n');
    await within(20_000, `the end after ${this.#screen}`, exited);
  }
}

describe('a plugin on a terminal', { skip: !hasTerminals && 'needs script(1)' }, () => {
  test('in its own group: stdin is the terminal and can be read, Ctrl-C reaches the host alone', async () => {
    const terminal = new Terminal('own');
    await terminal.shows('plugin: isTTY true controlling no');
    terminal.type('hello\n');
    await terminal.shows('plugin: read hello');
    terminal.type('\x03');
    await terminal.shows('host: SIGINT');
    await terminal.end();
    assert.doesNotMatch(terminal.screen, /plugin: SIGINT/);
  });

  test("in the host's group: stdin is the controlling terminal, Ctrl-C reaches both", async () => {
    const terminal = new Terminal('shared');
    await terminal.shows('plugin: isTTY true controlling yes');
    terminal.type('hello\n');
    await terminal.shows('plugin: read hello');
    terminal.type('\x03');
    await terminal.shows('host: SIGINT');
    await terminal.shows('plugin: SIGINT');
    await terminal.end();
  });
});

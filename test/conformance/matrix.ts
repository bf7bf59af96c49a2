import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from './build-go.js';
import { PAIRINGS } from './pairings.js';
import { goPlugin, ourPlugin } from './peers.js';
import { netRpcProgramSuite } from './suite/netrpc-program.js';
import type { Pairing, Register } from './suite/pairing.js';
import { programSuite } from './suite/plugin-program.js';
import { ALL_SUITES } from './suites.js';

const ITEM = /\b[HPTCBMRGYLK]-\d\d\b/g;

/** The items that the names of a pairing's tests carry. */
export function itemsOf(pairing: Pairing): ReadonlySet<string> {
  const names: string[] = [];
  const register: Register = (name) => names.push(name);
  for (const suites of ALL_SUITES) suites({ ...pairing, register });
  // What a plugin does without any host counts for the pairings with a host of the same making.
  if (pairing.host === pairing.plugin) {
    programSuite({ ...programOf(pairing), register });
    netRpcProgramSuite({ ...programOf(pairing), register });
  }
  return new Set(names.flatMap((name) => name.match(ITEM) ?? []));
}

function programOf(pairing: Pairing) {
  return pairing.plugin === 'go'
    ? { name: 'Go plugin', options: pairing.options, command: goPlugin, tcp: false }
    : { name: 'our plugin', options: pairing.options, command: ourPlugin, tcp: true };
}

/** The items that every pairing covers, in the order of PAIRINGS. */
export function coverage(): readonly ReadonlySet<string>[] {
  return PAIRINGS.map(itemsOf);
}

/** The test files outside conformance/, contracts included, in whose test names each item stands; short, as `wire/handshake`. */
export function elsewhere(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const file of testFiles()) {
    for (const item of new Set(namesIn(file).match(ITEM) ?? [])) {
      found.set(item, [...(found.get(item) ?? []), file.replace(/(\.test)?\.ts$/, '')]);
    }
  }
  return found;
}

function testFiles(): string[] {
  return readdirSync(join(REPOSITORY, 'test'), { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter(
      (file) => (file.endsWith('.test.ts') && !file.startsWith('conformance/')) || /^contracts\/[^/]+\.ts$/.test(file),
    )
    .sort();
}

/** A test file without its comments. */
function namesIn(file: string): string {
  const lines = readFileSync(join(REPOSITORY, 'test', file), 'utf8').split('\n');
  return lines.filter((line) => !/^\s*(\/\/|\*|\/\*)/.test(line)).join('\n');
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PluginError } from 'rxplug';
import { GrpcError, status } from 'rxplug/grpc';
import { read } from './repository.js';

const page = read('docs/errors.md');

test('docs/errors.md has a row for every code, and no other', () => {
  const sources = read('src/errors.ts') + read('src/protocols/grpc/shared/errors.ts');
  const codes = new Set([...sources.matchAll(/'(ERR_[A-Z0-9_]+)'/g)].map((match) => match[1]!));
  const rows = [...page.matchAll(/^\| `(ERR_[A-Z0-9_]+)` +\| \S.* \| \S.* \|$/gm)].map((match) => match[1]!);
  assert.deepEqual(rows.toSorted(), [...codes].toSorted());
});

test('docs/errors.md has every code in the section of its class', () => {
  const wrong: string[] = [];
  for (const section of page.split(/^## /m).slice(1)) {
    const classes = [...section.split('\n')[0]!.matchAll(/\w+Error/g)].map(([name]) => name);
    for (const [, code = ''] of section.matchAll(/^\| `(ERR_[A-Z0-9_]+)`/gm)) {
      if (!classes.some((name) => codesOf(name).includes(code))) wrong.push(`${code} below ${classes.join(', ')}`);
    }
  }
  assert.deepEqual(wrong, []);
});

/** The source of a class and of its type of codes. */
function codesOf(name: string): string {
  const source = read(name === 'GrpcError' ? 'src/protocols/grpc/shared/errors.ts' : 'src/errors.ts');
  const type = source.match(new RegExp(`export type ${name}Code =[^;]*;`))?.[0] ?? '';
  const declaration = source.match(new RegExp(`export class ${name} extends [\\s\\S]*?\\n}`))?.[0] ?? '';
  return type + declaration;
}

test('docs/errors.md has a row for every gRPC status', () => {
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` +\| (\d+) +\|/gm)].map(([, name, number]) => [name!, Number(number)]);
  const statuses = Object.entries(status).filter(([name, number]) => typeof number === 'number' && name !== 'OK');
  assert.deepEqual(rows, statuses);
});

test('a switch on the code of an error', () => {
  const report = (error: unknown): string => {
    // #region switch
    if (GrpcError.is(error)) return `the call failed: ${error.statusName}`;
    if (!PluginError.is(error)) throw error;
    switch (error.code) {
      case 'ERR_SPAWN':
        return 'is the plugin installed?';
      case 'ERR_APP_VERSION_MISMATCH':
        return `update the plugin: it speaks version ${error.details.pluginVersion}`;
      default:
        return `${error.code}: ${error.message}`;
    }
    // #endregion switch
  };
  const mismatch = new PluginError('ERR_APP_VERSION_MISMATCH', '', { details: { pluginVersion: 3 } });
  assert.equal(report(mismatch), 'update the plugin: it speaks version 3');
  assert.equal(report(new GrpcError(status.NOT_FOUND, '')), 'the call failed: NOT_FOUND');
  assert.throws(() => report(new Error('another')), /another/);
});

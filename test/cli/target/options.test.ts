import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration, parsePair, parseVersions } from '../../../src/cli/target/options.js';
import { detectProfile } from '../../../src/cli/target/profiles.js';

test('durations have units, seconds by default', () => {
  assert.deepEqual(['500ms', '10s', '2m', '3', '0.5s'].map(parseDuration), [500, 10_000, 120_000, 3000, 500]);
  for (const wrong of ['', '0', '-1s', '5h', 'x', '1e9999s'])
    assert.throws(() => parseDuration(wrong), { name: 'UsageError' });
});

test('versions are numbers and ranges, each once', () => {
  assert.deepEqual(parseVersions('1,3-5, 4'), [1, 3, 4, 5]);
  for (const wrong of ['', '5-3', '1,', 'a', '0-100000'])
    assert.throws(() => parseVersions(wrong), { name: 'UsageError' });
});

test('a pair is divided at its first equals sign', () => {
  assert.deepEqual(parsePair('A=b=c', '--env'), ['A', 'b=c']);
  assert.deepEqual(parsePair('A=', '--env'), ['A', '']);
  assert.throws(() => parsePair('=b', '--env'), { message: 'Expected --env to be KEY=VALUE, got "=b".' });
});

test('a profile is told by the name of the program, or by the modules in it', () => {
  const of = (path: string, ...modules: string[]): string | undefined => {
    const dependencies = new Map(modules.map((module) => [module, 'v1']));
    const settings = new Map<string, string>();
    const build = { goVersion: 'go1.22', module: undefined, moduleVersion: undefined, dependencies, settings };
    return detectProfile({ path, build })?.name;
  };
  assert.equal(of('./terraform-provider-time_v0.14.2_x5'), 'terraform');
  assert.equal(of('/opt/vault/vault-plugin-database-redis'), 'vault-database');
  assert.equal(of('/opt/vault/vault-plugin-secrets-kv'), 'vault');
  assert.equal(of('/usr/lib/crowdsec/plugins/notification-http'), 'crowdsec');
  assert.equal(of('./anything', 'github.com/mattermost/mattermost/server/public'), 'mattermost');
  assert.equal(of('./gpx_clock'), 'grafana');
  assert.equal(of('./my-terraform-provider-notes'), undefined);
});

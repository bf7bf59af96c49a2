import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TransportError } from '../../../src/errors.js';
import {
  type HostAnnouncement,
  hostEnvironment,
  parsePluginEnvironment,
} from '../../../src/wire/handshake/environment.js';

const cookie = { key: 'BASIC_PLUGIN', value: 'hello' };
const base: HostAnnouncement = { cookie, protocolVersions: [1] };
const outer = {
  PLUGIN_MULTIPLEX_GRPC: 'true',
  PLUGIN_CLIENT_CERT: 'outer',
  PLUGIN_UNIX_SOCKET_DIR: '/outer',
  PLUGIN_UNIX_SOCKET_GROUP: 'outer',
};

test('H-01 H-02 H-03 always sets the cookie, the ports and the versions', () => {
  assert.deepEqual(hostEnvironment({ cookie, protocolVersions: [5, 1, 5] }), {
    BASIC_PLUGIN: 'hello',
    PLUGIN_MIN_PORT: '10000',
    PLUGIN_MAX_PORT: '25000',
    PLUGIN_PROTOCOL_VERSIONS: '1,5',
  });
  assert.equal(hostEnvironment({ cookie, protocolVersions: [] })['PLUGIN_PROTOCOL_VERSIONS'], '');
});

test('H-02 the default ports stand in only when both are 0', () => {
  const env = hostEnvironment({ ...base, maxPort: 20_000 });
  assert.deepEqual([env['PLUGIN_MIN_PORT'], env['PLUGIN_MAX_PORT']], ['0', '20000']);
  assert.equal(hostEnvironment({ ...base, minPort: 0, maxPort: 0 })['PLUGIN_MAX_PORT'], '25000');
});

test('H-04 H-05 sets the optional variables exactly when they are asked for', () => {
  const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
  const env = hostEnvironment({
    ...base,
    multiplex: true,
    clientCertificate: pem,
    unixSocketGroup: 'staff',
    unixSocketDir: '/run/p',
  });
  assert.equal(env['PLUGIN_MULTIPLEX_GRPC'], 'true');
  assert.equal(env['PLUGIN_CLIENT_CERT'], pem);
  assert.equal(env['PLUGIN_UNIX_SOCKET_GROUP'], 'staff');
  assert.equal(env['PLUGIN_UNIX_SOCKET_DIR'], '/run/p');
  const without = hostEnvironment({ ...base, multiplex: false, unixSocketGroup: '' });
  assert.deepEqual(
    Object.keys(without).filter((name) => name in outer),
    [],
  );
});

test('H-06 optional variables of an outer host are not passed on, from whichever source', () => {
  for (const sources of [{ inherited: outer }, { extra: outer }, { inherited: outer, extra: { ...outer } }]) {
    assert.deepEqual(hostEnvironment(base, sources), hostEnvironment(base));
  }
  const set = hostEnvironment({ ...base, unixSocketDir: '/mine' }, { inherited: outer });
  assert.equal(set['PLUGIN_UNIX_SOCKET_DIR'], '/mine');
  assert.equal(set['PLUGIN_CLIENT_CERT'], undefined);
});

test('H-07 passes no host variable on when there is nothing to inherit', () => {
  assert.deepEqual(Object.keys(hostEnvironment(base, { extra: { MINE: '1' } })).sort(), [
    'BASIC_PLUGIN',
    'MINE',
    'PLUGIN_MAX_PORT',
    'PLUGIN_MIN_PORT',
    'PLUGIN_PROTOCOL_VERSIONS',
  ]);
});

test('the protocol wins over extra entries, and those over inherited ones', () => {
  const env = hostEnvironment(base, {
    inherited: {
      A: 'inherited',
      B: 'inherited',
      C: 'inherited',
      PLUGIN_MIN_PORT: '1',
      BASIC_PLUGIN: 'x',
      D: undefined,
    },
    extra: { B: 'extra', C: undefined, PLUGIN_MAX_PORT: '2', BASIC_PLUGIN: 'y' },
  });
  assert.deepEqual(env, { ...hostEnvironment(base), A: 'inherited', B: 'extra' });
});

test('names that differ in case are one variable where asked, and the last spelling stays', () => {
  const inherited = { Path: 'a', plugin_client_cert: 'outer', Plugin_Min_Port: '1' };
  const env = hostEnvironment(base, { inherited, extra: { PATH: 'b' }, ignoreCase: true });
  assert.deepEqual(env, { ...hostEnvironment(base), PATH: 'b' });
  const exact = hostEnvironment(base, { inherited, extra: { PATH: 'b' } });
  assert.deepEqual([exact['Path'], exact['PATH'], exact['plugin_client_cert']], ['a', 'b', 'outer']);
});

test('a variable named __proto__ is a variable', () => {
  const inherited = JSON.parse('{"__proto__":"x"}') as Record<string, string>;
  assert.deepEqual(Object.entries(hostEnvironment(base, { inherited }))[0], ['__proto__', 'x']);
});

test('reads back what a host sets', () => {
  const env = hostEnvironment({
    cookie,
    minPort: 5000,
    maxPort: 6000,
    protocolVersions: [2, 1],
    multiplex: true,
    clientCertificate: 'PEM\n',
    unixSocketGroup: '1000',
    unixSocketDir: '/d',
    outlivesHost: true,
  });
  assert.deepEqual(parsePluginEnvironment(env), {
    hostVersions: [1, 2],
    invalidVersions: [],
    ports: { minPort: 5000, maxPort: 6000 },
    multiplexRequested: true,
    multiplexEnabled: true,
    outlivesHost: true,
    clientCertificate: 'PEM\n',
    unixSocketDir: '/d',
    unixSocketGroup: '1000',
  });
});

test('an empty environment is a legacy host, and empty variables are absent', () => {
  const nothing = {
    hostVersions: [],
    invalidVersions: [],
    ports: { minPort: 0, maxPort: 0 },
    multiplexRequested: false,
    multiplexEnabled: false,
    outlivesHost: false,
  };
  assert.deepEqual(parsePluginEnvironment({}), nothing);
  const empty = ['MIN_PORT', 'MAX_PORT', 'PROTOCOL_VERSIONS', 'MULTIPLEX_GRPC', 'CLIENT_CERT', 'UNIX_SOCKET_DIR'];
  assert.deepEqual(parsePluginEnvironment(Object.fromEntries(empty.map((name) => [`PLUGIN_${name}`, '']))), nothing);
});

test('P-05 P-06 any value requests multiplexing, only a true boolean enables it', () => {
  const read = (value: string): readonly boolean[] => {
    const env = parsePluginEnvironment({ PLUGIN_MULTIPLEX_GRPC: value });
    return [env.multiplexRequested, env.multiplexEnabled];
  };
  for (const value of ['true', '1', 'T']) assert.deepEqual(read(value), [true, true]);
  for (const value of ['false', '0', 'yes', ' ', 'tRue']) assert.deepEqual(read(value), [true, false]);
  assert.deepEqual(read(''), [false, false]);
});

test('P-14 P-15 judges ports as Go does', () => {
  const ports = (min: string, max: string): unknown =>
    parsePluginEnvironment({ PLUGIN_MIN_PORT: min, PLUGIN_MAX_PORT: max }).ports;
  assert.deepEqual(ports('10', '10'), { minPort: 10, maxPort: 10 });
  assert.deepEqual(ports('', '+0080'), { minPort: 0, maxPort: 80 });
  assert.deepEqual(ports('-5', '99999'), { minPort: 0, maxPort: 65_535 });
  const broken = [
    ['2', '1'],
    ['10000', ''],
    ['x', '1'],
    ['1', '1x'],
    ['1', '2147483648'],
    [' 1', '2'],
    ['-2', '-1'],
    ['70000', '80000'],
  ] as const;
  for (const [min, max] of broken) {
    const error = ports(min, max);
    assert.ok(error instanceof TransportError && error.code === 'ERR_LISTEN', `${min}..${max}`);
  }
});

test('property: any environment is read without throwing', () => {
  const names = fc.constantFrom(...Object.keys(hostEnvironment(base)), ...Object.keys(outer));
  fc.assert(
    fc.property(fc.dictionary(names, fc.string()), (env) => {
      const read = parsePluginEnvironment(env);
      assert.ok(read.ports instanceof TransportError || read.ports.minPort <= read.ports.maxPort);
    }),
  );
});

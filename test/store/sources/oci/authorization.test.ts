import assert from 'node:assert/strict';
import { createPrivateKey, randomUUID, sign, X509Certificate } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Credentials } from '../../../../packages/store/src/sources/oci/credentials.js';
import { ociSource } from '../../../../packages/store/src/sources/oci/oci-source.js';
import { pushRelease } from '../../../../packages/store/src/sources/oci/push-release.js';
import type { PluginSource } from '../../../../packages/store/src/sources/source.js';
import { directorySource } from '../../../../packages/store/src/sources/static/static-source.js';
import { writeIndex } from '../../../../packages/store/src/sources/static/write-index.js';
import { PluginError } from '../../../../src/errors.js';
import { temporaryFolder, writeArchive } from '../plugin-archives.js';
import { type Certificates, ownAuthority, serveHttp } from '../servers.js';
import { needs, startDockerRegistry } from './registries.js';

/** bcrypt of `geheim`, as htpasswd writes it. */
const HTPASSWD = 'name:$2b$04$QkryGgCGQzVh6Uu72X4UceR6tkBWpddM0g8uA8fVgwn4F5TSs0wly\n';
const certificates = ownAuthority();

async function published(t: TestContext): Promise<PluginSource> {
  const folder = temporaryFolder(t);
  await writeArchive(folder, '1.0.0', 'any');
  await writeIndex(folder);
  return directorySource(`dir:${folder}`);
}

function codeIs(code: string, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(PluginError.is(error), String((error as Error).stack));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    assert.ok(!error.message.includes('geheim'), 'no password in a message');
    return true;
  };
}

async function withPasswords(t: TestContext): Promise<string> {
  const path = join(temporaryFolder(t), 'htpasswd');
  writeFileSync(path, HTPASSWD);
  return (await startDockerRegistry(t, { htpasswd: { realm: 'a registry', path } })).host;
}

test('a registry with names and passwords gets them, and only when it asks', needs('dockerRegistry'), async (t) => {
  const host = await withPasswords(t);
  const address = `oci://${host}/acme/kv`;
  const asked: string[] = [];
  const as = (credentials: Credentials | undefined) => ({
    env: {},
    credentials: async (registry: string) => {
      asked.push(registry);
      return credentials;
    },
  });
  await pushRelease(await published(t), '1.0.0', address, as({ username: 'name', password: 'geheim' }));
  assert.deepEqual(asked, [host], 'asked once for all of a push');
  assert.deepEqual(await ociSource(address, as({ username: 'name', password: 'geheim' })).list(), ['1.0.0']);
  const wrong = ociSource(address, as({ username: 'name', password: 'geheimer' }));
  await assert.rejects(wrong.list(), codeIs('ERR_CREDENTIALS', /answered 401 \(UNAUTHORIZED\)/));
  await assert.rejects(ociSource(address, as(undefined)).list(), codeIs('ERR_CREDENTIALS', /docker login localhost/));
});

const AUTH = Buffer.from('name:geheim').toString('base64');

/** Files of logins, each of which has the password of the registry; `host` stands for it. */
const LOGINS: readonly (readonly [what: string, file: string, config: (host: string) => object])[] = [
  ["docker's file", 'home/.docker/config.json', (host) => ({ auths: { [host]: { auth: AUTH } } })],
  [
    "docker's file, by an old key",
    'docker/config.json',
    (host) => ({ auths: { [`https://${host}/v1/`]: { auth: AUTH } } }),
  ],
  [
    "podman's file, of a repository",
    'runtime/containers/auth.json',
    (host) => ({ auths: { [`${host}/acme`]: { auth: AUTH } } }),
  ],
  [
    "podman's file in the home folder",
    'home/.config/containers/auth.json',
    (host) => ({ auths: { [host]: { auth: AUTH } } }),
  ],
  ['a helper of a registry', 'docker/config.json', (host) => ({ auths: {}, credHelpers: { [host]: 'test' } })],
  ['the helper of all registries', 'docker/config.json', (host) => ({ auths: { [host]: {} }, credsStore: 'test' })],
];

for (const [what, file, config] of LOGINS) {
  test(`the credentials of ${what} are used`, needs('dockerRegistry'), async (t) => {
    const host = await withPasswords(t);
    const { env, write } = logins(t);
    write(file, config(host));
    const address = `oci://${host}/acme/kv`;
    await pushRelease(await published(t), '1.0.0', address, { env });
    assert.deepEqual(await ociSource(address, { env }).list(), ['1.0.0']);
  });
}

/** A home of its own, and a credential helper that knows the registry. */
function logins(t: TestContext) {
  const folder = temporaryFolder(t);
  const helper = `#!/bin/sh\nread -r server\n[ "$1" = get ] && echo "{\\"ServerURL\\":\\"$server\\",\\"Username\\":\\"name\\",\\"Secret\\":\\"geheim\\"}"\n`;
  mkdirSync(join(folder, 'bin'));
  for (const [name, script] of [
    ['test', helper],
    ['none', '#!/bin/sh\necho "credentials not found in native keychain"\nexit 1\n'],
    ['fails', '#!/bin/sh\necho geheim >&2\nexit 1\n'],
    ['odd', '#!/bin/sh\necho geheim\n'],
  ] as const)
    writeFileSync(join(folder, 'bin', `docker-credential-${name}`), script, { mode: 0o755 });
  const env = {
    PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
    HOME: join(folder, 'home'),
    XDG_RUNTIME_DIR: join(folder, 'runtime'),
    DOCKER_CONFIG: join(folder, 'docker'),
  };
  const write = (file: string, config: unknown) => {
    const path = join(folder, file);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, typeof config === 'string' ? config : JSON.stringify(config));
    if (file.startsWith('home/.docker')) Object.assign(env, { DOCKER_CONFIG: '' });
  };
  return { env, write };
}

test('what is wrong with a login is told without a password', async (t) => {
  const server = await serveHttp(t, (_, response) =>
    response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end(),
  );
  const host = `localhost:${server.port}`;
  const list = (config: unknown) => {
    const { env, write } = logins(t);
    write('docker/config.json', config);
    return ociSource(`oci://${host}/acme/kv`, { env, attempts: 1 }).list();
  };
  await assert.rejects(list('{"auths": geheim'), codeIs('ERR_CREDENTIALS', /cannot be read, or is no JSON/));
  await assert.rejects(
    list({ auths: { [host]: { auth: Buffer.from('geheim').toString('base64') } } }),
    codeIs('ERR_CREDENTIALS', /malformed credentials/),
  );
  await assert.rejects(list({ credsStore: '../evil' }), codeIs('ERR_CREDENTIALS', /no name of one/));
  await assert.rejects(
    list({ credsStore: 'fails' }),
    codeIs('ERR_CREDENTIALS', /docker-credential-fails, which keeps the credentials of .* has failed \(1\)/),
  );
  await assert.rejects(list({ credsStore: 'odd' }), codeIs('ERR_CREDENTIALS', /printed something else/));
  await assert.rejects(list({ credsStore: 'missing' }), codeIs('ERR_CREDENTIALS', /has failed \(ENOENT\)/));
  await assert.rejects(list({ credsStore: 'none' }), codeIs('ERR_CREDENTIALS', /there are none. Log in/));
});

/** A token server, whose tokens Debian's registry takes. */
async function tokenServer(t: TestContext, { key, cert, ca }: Certificates) {
  const bundle = join(temporaryFolder(t), 'ca.pem');
  writeFileSync(bundle, ca);
  const x5c = [new X509Certificate(cert).raw.toString('base64')];
  const asked: string[] = [];
  const server = await serveHttp(t, async (request, response) => {
    const parameters = await parametersOf(request);
    asked.push(
      `${request.method} ${parameters.getAll('scope').join(' ')} ${request.headers.authorization ?? parameters.get('refresh_token') ?? 'anonymous'}`,
    );
    const mayPush = request.headers.authorization === `Basic ${AUTH}` || parameters.get('refresh_token') === 'refresh';
    const access = parameters.getAll('scope').map((scope) => {
      const [type, name, actions = ''] = scope.split(':');
      return { type, name, actions: actions.split(',').filter((action) => mayPush || action === 'pull') };
    });
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: 'test',
      aud: 'registry',
      sub: 'name',
      iat: now - 5,
      nbf: now - 5,
      exp: now + 300,
      jti: randomUUID(),
      access,
    };
    const encoded = [{ alg: 'ES256', typ: 'JWT', x5c }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    const signature = sign('sha256', Buffer.from(encoded), { key: createPrivateKey(key), dsaEncoding: 'ieee-p1363' });
    response.end(
      JSON.stringify({
        [request.method === 'POST' ? 'access_token' : 'token']: `${encoded}.${signature.toString('base64url')}`,
      }),
    );
  });
  const token = { realm: `${server.origin}/token`, service: 'registry', issuer: 'test', rootcertbundle: bundle };
  const { host } = await startDockerRegistry(t, { token });
  return { address: `oci://${host}/acme/kv`, asked };
}

async function parametersOf(request: IncomingMessage): Promise<URLSearchParams> {
  if (request.method !== 'POST') return new URL(request.url!, 'http://localhost').searchParams;
  return new URLSearchParams(Buffer.concat(await request.toArray()).toString());
}

const NEEDS_TOKENS = certificates === undefined ? { skip: 'openssl is not installed.' } : needs('dockerRegistry');

test('a registry with tokens gets one, anonymous where there are no credentials', NEEDS_TOKENS, async (t) => {
  const { address, asked } = await tokenServer(t, certificates!);
  const source = await published(t);
  const as = (credentials: Credentials) => ({ env: {}, credentials: async () => credentials });
  await pushRelease(source, '1.0.0', address, as({ username: 'name', password: 'geheim' }));
  assert.deepEqual(asked, [`GET repository:acme/kv:pull,push Basic ${AUTH}`], 'one token for all of a push');
  assert.deepEqual(await ociSource(address, { env: { HOME: '/nowhere' } }).list(), ['1.0.0']);
  assert.equal(asked.at(-1), 'GET repository:acme/kv:pull anonymous');
  assert.deepEqual(await ociSource(address, as({ identityToken: 'refresh' })).list(), ['1.0.0']);
  assert.equal(asked.at(-1), 'POST repository:acme/kv:pull refresh');
  const refused = pushRelease(source, '1.0.0', address, { env: { HOME: '/nowhere' }, overwrite: true });
  await assert.rejects(refused, codeIs('ERR_CREDENTIALS', /answered 401/));
});

test('a token is not asked for where everybody could listen, and credentials go nowhere else', async (t) => {
  const credentials = async (): Promise<Credentials> => ({ username: 'name', password: 'geheim' });
  for (const [challenge, message] of [
    ['Bearer realm="http://tokens.example/token",service="x"', /tokens.example\/token is not encrypted/],
    ['Bearer service="x"', /Expected an address that begins with https/],
    ['Negotiate', /in a way that is not known/],
    ['', /in a way that is not known/],
  ] as const) {
    const server = await serveHttp(t, (_, response) =>
      response.writeHead(401, { 'www-authenticate': challenge }).end(),
    );
    const list = ociSource(`oci://localhost:${server.port}/acme/kv`, { credentials }).list();
    await assert.rejects(list, (error) => PluginError.is(error) && message.test(error.message));
  }
});

test('of several challenges each keeps its parameters', async (t) => {
  const tokens = await serveHttp(t, (_, response) => response.end('{"token":"mine"}'));
  const challenge = `Bearer realm="${tokens.origin}/token",service="a \\"b\\"", Basic realm="other"`;
  const server = await serveHttp(t, ({ headers }, response) => {
    if (headers.authorization === 'Bearer mine') response.end('{"tags":["1.0.0"]}');
    else response.writeHead(401, { 'www-authenticate': challenge }).end();
  });
  const source = ociSource(`oci://localhost:${server.port}/acme/kv`, { credentials: async () => undefined });
  assert.deepEqual(await source.list(), ['1.0.0']);
  assert.deepEqual(tokens.requests, ['GET /token?service=a+%22b%22&scope=repository%3Aacme%2Fkv%3Apull']);
});

test('where a registry redirects to, nobody gets its credentials by asking for them', async (t) => {
  const elsewhere = await serveHttp(t, ({ url }, response) => {
    if (url?.startsWith('/token')) return response.end('{"token":"x"}');
    const realm = `Bearer realm="http://localhost:${elsewhere.port}/token",service="x"`;
    return response.writeHead(401, { 'www-authenticate': realm }).end();
  });
  const registry = await serveHttp(t, (_, response) =>
    response.writeHead(307, { location: `${elsewhere.origin}/blob` }).end(),
  );
  const credentials = async () => ({ username: 'name', password: 'geheim' });
  const source = ociSource(`oci://localhost:${registry.port}/acme/kv`, { env: {}, credentials });
  await assert.rejects(source.list(), codeIs('ERR_CREDENTIALS', /answered 401/));
  assert.deepEqual(elsewhere.requests, ['GET /blob']);
});

test('a refresh token goes to the token server that the registry names, and no further', async (t) => {
  const elsewhere = await serveHttp(t, (_, response) => response.end('{"token":"x"}'));
  const tokens = await serveHttp(t, (_, response) =>
    response.writeHead(307, { location: `${elsewhere.origin}/token` }).end(),
  );
  const registry = await serveHttp(t, (_, response) =>
    response.writeHead(401, { 'www-authenticate': `Bearer realm="${tokens.origin}/token",service="x"` }).end(),
  );
  const credentials = async () => ({ identityToken: 'geheim' });
  const source = ociSource(`oci://localhost:${registry.port}/acme/kv`, { env: {}, credentials });
  await assert.rejects(source.list(), codeIs('ERR_SOURCE', /with credentials was redirected to/));
  assert.deepEqual([tokens.requests, elsewhere.requests], [['POST /token'], []]);
});

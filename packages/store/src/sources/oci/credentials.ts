import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { StoreError } from '../../errors.js';
import { quote } from '../../quote.js';
import { type JsonObject, objectAt, parseJson } from '../json.js';
import type { Repository } from './repository.js';

/** Who asks a registry: name and password, or the token that a login has given. */
export type Credentials =
  | { readonly username: string; readonly password: string }
  /** A refresh token, which is exchanged for tokens of the registry. */
  | { readonly identityToken: string };

const MAX_CONFIG_BYTES = 1024 * 1024;
const HELPER_LIMIT_MS = 30_000;
const HELPER_NAME = /^[A-Za-z0-9._-]{1,100}$/;
/** What credential helpers print in place of a result. */
const NOT_FOUND = /credentials not found/i;

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The credentials of `docker login`, `podman login` and `skopeo login` for a registry: of REGISTRY_AUTH_FILE,
 * `${XDG_RUNTIME_DIR}/containers/auth.json`, `~/.config/containers/auth.json`, and `config.json` in DOCKER_CONFIG or `~/.docker`, in this
 * order; in them by `credHelpers`, `auths` and `credsStore`. Undefined where there are none. Rejects with StoreError ERR_CREDENTIALS for a file or
 * a helper that fails.
 */
export async function loginCredentials(repository: Repository, env: Env): Promise<Credentials | undefined> {
  for (const file of filesOf(env)) {
    const config = await readConfig(file);
    const found = config === undefined ? undefined : await fromConfig(config, repository, file, env);
    if (found !== undefined) return found;
  }
  return undefined;
}

function filesOf(env: Env): readonly string[] {
  const home = env['HOME'] || homedir();
  const runtime = env['XDG_RUNTIME_DIR'];
  return [
    ...(env['REGISTRY_AUTH_FILE'] ? [env['REGISTRY_AUTH_FILE']] : []),
    ...(runtime ? [join(runtime, 'containers/auth.json')] : []),
    join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'containers/auth.json'),
    join(env['DOCKER_CONFIG'] || join(home, '.docker'), 'config.json'),
  ];
}

async function readConfig(file: string): Promise<JsonObject | undefined> {
  try {
    const bytes = await readFile(file);
    if (bytes.length > MAX_CONFIG_BYTES) throw new Error('it is too long');
    return parseJson(bytes, file);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    // What is wrong with it is not quoted: it may be a password.
    throw new StoreError('ERR_CREDENTIALS', `${file} cannot be read, or is no JSON. Log in again, or remove it.`);
  }
}

async function fromConfig(
  config: JsonObject,
  repository: Repository,
  file: string,
  env: Env,
): Promise<Credentials | undefined> {
  const table = (name: string) => (config[name] === undefined ? {} : objectAt(config[name], `\`${name}\` of ${file}`));
  const { registry } = repository;
  const servers =
    registry === 'docker.io' ? ['https://index.docker.io/v1/', 'docker.io', 'index.docker.io'] : [registry];
  const helpers = table('credHelpers');
  const helper = servers.map((server) => (Object.hasOwn(helpers, server) ? helpers[server] : undefined)).find(Boolean);
  if (helper !== undefined) return fromHelper(helper, servers[0]!, file, env);
  const auths = table('auths');
  const key = keysOf(repository, servers).find((one) => Object.hasOwn(auths, one));
  const entry = key === undefined ? undefined : fromEntry(objectAt(auths[key], `an entry of ${file}`), registry, file);
  if (entry !== undefined || config['credsStore'] === undefined) return entry;
  return fromHelper(config['credsStore'], servers[0]!, file, env);
}

/** The keys under which a file can have the credentials; those of a part of a registry are podman's. */
function keysOf({ registry, name }: Repository, servers: readonly string[]): readonly string[] {
  const parts = name.split('/');
  const paths = parts.map((_, index) => `${registry}/${parts.slice(0, parts.length - index).join('/')}`);
  const forms = servers.flatMap((server) => [
    server,
    `https://${server}`,
    `https://${server}/`,
    `https://${server}/v1/`,
    `https://${server}/v2/`,
    `http://${server}`,
  ]);
  return [...paths, ...forms];
}

/** An entry is empty where a helper keeps the credentials. */
function fromEntry(
  { auth, identitytoken, username, password }: JsonObject,
  registry: string,
  file: string,
): Credentials | undefined {
  if (typeof identitytoken === 'string' && identitytoken !== '') return { identityToken: identitytoken };
  if (typeof auth === 'string' && auth !== '') {
    const text = Buffer.from(auth, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    if (colon > 0) return { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, '') };
    throw new StoreError('ERR_CREDENTIALS', `${file} has malformed credentials for ${registry}. Log in again.`);
  }
  return typeof username === 'string' && typeof password === 'string' && username !== ''
    ? { username, password }
    : undefined;
}

async function fromHelper(name: unknown, server: string, file: string, env: Env): Promise<Credentials | undefined> {
  if (typeof name !== 'string' || !HELPER_NAME.test(name))
    throw new StoreError(
      'ERR_CREDENTIALS',
      `${file} names a credential helper ${quote(name)}, which is no name of one.`,
    );
  const program = `docker-credential-${name}`;
  const output = await runHelper(program, server, env);
  if (output === undefined) return undefined;
  let answer: { readonly Username?: unknown; readonly Secret?: unknown };
  try {
    answer = JSON.parse(output) as typeof answer;
  } catch {
    throw new StoreError('ERR_CREDENTIALS', `${program} has printed something else than credentials for ${server}.`);
  }
  const { Username: username, Secret: secret } = answer;
  if (typeof username !== 'string' || typeof secret !== 'string' || secret === '') return undefined;
  return username === '<token>' ? { identityToken: secret } : { username, password: secret };
}

/** Undefined if the helper knows nothing of the server. */
function runHelper(program: string, server: string, env: Env): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const limits = {
      timeout: HELPER_LIMIT_MS,
      killSignal: 'SIGKILL',
      maxBuffer: 65_536,
      env: env as NodeJS.ProcessEnv,
    } as const;
    const child = execFile(program, ['get'], limits, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      if (NOT_FOUND.test(stdout) || NOT_FOUND.test(stderr)) return resolve(undefined);
      const why =
        error.killed === true ? `was not done within ${HELPER_LIMIT_MS} ms` : `has failed (${String(error.code)})`;
      return reject(
        new StoreError(
          'ERR_CREDENTIALS',
          `${program}, which keeps the credentials of ${server}, ${why}. Run \`${program} get\` to see why.`,
        ),
      );
    });
    // A helper that ends without reading has said why.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(server);
  });
}

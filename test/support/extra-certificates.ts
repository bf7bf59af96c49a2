/** Where the name of the file with certificate authorities is kept from Node. */
const KEPT = 'RXPLUG_TEST_CA_CERTS';

/**
 * An environment without `NODE_EXTRA_CA_CERTS`: Node 20 reads that file at each start, which takes 67 ms of CPU, and the suite starts
 * Node thousands of times.
 */
export function withoutCertificates(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: file, ...others } = env;
  return file === undefined ? others : { ...others, [KEPT]: file };
}

/** What `withoutCertificates` took is there again, for npm, which reaches a registry. */
export function withCertificates(env: Readonly<Record<string, string>>): Record<string, string> {
  const file = env[KEPT];
  return file === undefined ? { ...env } : { ...env, NODE_EXTRA_CA_CERTS: file };
}

import { readFile } from 'node:fs/promises';
import type { TlsConfig } from 'rxplug';
import { UsageError } from '../process/exit-code.js';
import type { StartFlags } from './options.js';

/** TLS with the certificates that the flags name; undefined where none is named. Throws UsageError. */
export async function tlsOfFiles({ cert, key, ca, serverName, tls }: StartFlags): Promise<TlsConfig | undefined> {
  if (cert === undefined && key === undefined && ca === undefined && serverName === undefined) return undefined;
  if (tls !== 'auto')
    throw new UsageError(`Expected either --tls ${tls} or certificates of your own (--cert, --key, --ca), got both.`);
  if ((cert === undefined) !== (key === undefined))
    throw new UsageError('Expected --cert and --key together: a certificate and the key that belongs to it.');
  const [certPem, keyPem, caPem] = await Promise.all([cert, key, ca].map(readPem));
  return {
    ...(certPem === undefined ? {} : { cert: certPem }),
    ...(keyPem === undefined ? {} : { key: keyPem }),
    ...(caPem === undefined ? {} : { ca: caPem }),
    ...(serverName === undefined ? {} : { serverName }),
  };
}

async function readPem(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    const pem = await readFile(path, 'utf8');
    if (pem.includes('-----BEGIN ')) return pem;
  } catch (error) {
    throw new UsageError(`Cannot read ${path}: ${(error as Error).message}.`);
  }
  throw new UsageError(`Expected ${path} to be PEM, a text that begins with -----BEGIN.`);
}

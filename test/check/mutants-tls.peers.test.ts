import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { selfSignedAuthority } from '../../src/transports/tls/certificate.js';
import { misnamedIdentity } from './misnamed-identity.js';
import { testMutants } from './test-mutants.js';

const directory = mkdtempSync(join(tmpdir(), 'identities-'));
after(() => rmSync(directory, { recursive: true }));

/** Given to the mutant, which has the same key at every start then. */
function identityIn(name: string, identity: object): Record<string, string> {
  const file = join(directory, name);
  writeFileSync(file, JSON.stringify(identity));
  return { TMPDIR: directory, MUTANT_IDENTITY: file };
}

const reused = identityIn('reused', await selfSignedAuthority().issue());
const misnamed = identityIn('misnamed', misnamedIdentity());

testMutants(
  [
    ['T-01', /it presents another one/],
    ['T-02', /with padding/],
    ['T-03', /its names are DNS:elsewhere/, { env: misnamed }],
    ['T-04', /the call was answered/],
    ['T-05', /the call was answered/],
    ['T-06', /the same key/, { env: reused }],
    ['T-07', /without h2/],
  ],
  ['S-04', 'G-01'],
);

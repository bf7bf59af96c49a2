import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { buildGo, needsGo, REPOSITORY } from '../conformance/build-go.js';

const MANIFEST = join(REPOSITORY, 'examples/pod/pod.yaml');

async function validate(path: string): Promise<void> {
  const program = join(await buildGo('test/kubernetes', ['validate-pod']), 'validate-pod');
  await promisify(execFile)(program, [path]);
}

test('examples/pod: the API server of Kubernetes accepts the manifest', needsGo(), async () => {
  await validate(MANIFEST);
});

for (const [what, from, to, says] of [
  ['a field that does not exist', 'periodSeconds:', 'period:', /unknown field .*livenessProbe\.period/],
  ['a folder without a name', 'mountPath: /plugins', "mountPath: ''", /volumeMounts\[0\]\.mountPath: Required value/],
  [
    'a volume that is not there',
    '- name: plugins\n      emptyDir',
    '- name: other\n      emptyDir',
    /Not found: "plugins"/,
  ],
  ['a user that cannot be', 'runAsUser: 1002', 'runAsUser: -1', /runAsUser: Invalid value: -1/],
] as const)
  test(`the API server refuses the manifest with ${what}`, needsGo(), async () => {
    const text = readFileSync(MANIFEST, 'utf8');
    assert.ok(text.includes(from));
    const directory = mkdtempSync(join(tmpdir(), 'm'));
    const path = join(directory, 'pod.yaml');
    writeFileSync(path, text.replaceAll(from, to));
    await assert.rejects(validate(path), says);
    rmSync(directory, { recursive: true });
  });

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import { needsGo, REPOSITORY } from '../conformance/build-go.js';
import { goPlugin, ourPlugin } from '../conformance/peers.js';
import { runCli } from './run-cli.js';

const directory = mkdtempSync(join(tmpdir(), 'rxplug-cli-call-'));
after(() => rmSync(directory, { recursive: true }));

const COOKIE = ['--cookie', 'RXPLUG_CONFORMANCE=hello'];
const DESCRIPTORS = ['--descriptors', join(REPOSITORY, 'test/conformance/proto')];
const ours = ['--', ...(await ourPlugin())];

const callOurs = (words: readonly string[], stdin?: string) =>
  runCli(['call', ...COOKIE, ...DESCRIPTORS, ...words, ...ours], { stdin });

function fileOf(name: string, text: string): string {
  const file = join(directory, name);
  writeFileSync(file, text);
  return file;
}

test('a script makes its calls in one life of the plugin, and prints the answers in order', async () => {
  const calls = [
    { method: 'Echo', request: { data: 'YQ==' } },
    { method: 'Probe/Produce', request: { count: 2, size: 1 } },
    { method: 'Consume', requests: [{ data: 'YQ==' }, { data: 'Yg==' }] },
    { method: 'Describe' },
    { method: 'Describe' },
  ];
  const { code, stdout, stderr } = await callOurs(
    ['--script', '-'],
    calls.map((one) => JSON.stringify(one)).join('\n'),
  );
  assert.equal(code, 0, stderr);
  const [echo, first, second, digest, before, later, ...rest] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual([echo.data, first.number ?? 0, second.number, digest.count], ['YQ==', 0, 1, 2]);
  assert.deepEqual(before.pid, later.pid);
  assert.deepEqual(rest, []);
});

test('the first call of a script that fails ends it', async () => {
  const script = '{"method":"Fail","request":{"code":9,"message":"not yet"}}\n{"method":"Echo"}';
  const { code, stdout, stderr } = await callOurs(['--script', fileOf('failing.ndjson', script)]);
  assert.deepEqual([code, stdout, stderr], [1, '', 'status FAILED_PRECONDITION (9): not yet\n']);
});

const STUB = `
  export function Echo({ data }) {
    return { data: Buffer.from(\`lent \${Buffer.from(data, 'base64')}\`).toString('base64') };
  }
`;

for (const [what, needs, plugin] of [
  ['our plugin', { skip: false }, ourPlugin],
  ['a Go plugin', needsGo(), goPlugin],
] as const) {
  test(`a lent stub is called by ${what} at the id that stands in the place of its name`, needs, async () => {
    const request = '{"brokerId":"$lend:rxplug.conformance.Probe","payload":{"data":"YQ=="}}';
    const lend = ['--lend', `rxplug.conformance.Probe=${fileOf('stub.mjs', STUB)}`];
    const args = ['call', ...COOKIE, ...DESCRIPTORS, ...lend, 'CallBack', request, '--', ...(await plugin())];
    const { stdout, stderr } = await runCli(args);
    assert.equal(Buffer.from(JSON.parse(stdout || '{}').data ?? '', 'base64').toString(), 'lent a', stderr);
  });
}

/** A google.rpc.Status with details of these types. */
function statusWith(...details: readonly { readonly type: string; readonly value: Uint8Array }[]): string {
  const writer = new BinaryWriter();
  for (const { type, value } of details) {
    const any = create(AnySchema, { typeUrl: `type.googleapis.com/${type}`, value });
    writer.tag(3, WireType.LengthDelimited).bytes(toBinary(AnySchema, any));
  }
  return Buffer.from(writer.finish()).toString('base64');
}

test('details of a status are printed, with the name alone where nobody describes their type', async () => {
  const payload = new BinaryWriter().tag(1, WireType.LengthDelimited).string('a').finish();
  const details = statusWith(
    { type: 'rxplug.conformance.Payload', value: payload },
    { type: 'acme.Unknown\u001b', value: new Uint8Array() },
  );
  const { code, stderr } = await callOurs(['Fail', JSON.stringify({ code: 5, message: 'no key', details })]);
  assert.equal(code, 1);
  assert.deepEqual(stderr.trimEnd().split('\n'), [
    'status NOT_FOUND (5): no key',
    'detail rxplug.conformance.Payload {"data":"YQ=="}',
    'detail acme.Unknown\\u001b (the plugin does not describe it)',
  ]);
});

test('details that are no details leave the status as it is', async () => {
  const { stderr } = await callOurs(['Fail', '{"code":5,"message":"no key","details":"////"}']);
  assert.equal(stderr, 'status NOT_FOUND (5): no key\n');
});

test('-v prints the trailers', async () => {
  const { stderr } = await callOurs(['Echo', '{}', '-m', 'echo-color=red', '-v']);
  assert.match(stderr, /^trailer trail-color: red$/m);
});

test('wrong input is told with its place and the exit code 2', async () => {
  const broken = fileOf('broken.mjs', 'export const x = ;');
  for (const [words, expected] of [
    [['Echo', '{\n "data": }'], 'The request is no JSON: line 2, column 10: found "}".'],
    [['Echo', '{"data": "a"'], 'The request is no JSON: line 1, column 13: it ends there.'],
    [['CallBack', '{"payload":{"data":7}}'], 'The request is no rxplug.conformance.CallBackRequest, at payload.data: '],
    [['CallBack', '{"payload":{"dta":""}}'], ', at payload.dta: '],
    [['ServerReflectionInfo'], 'ServerReflectionInfo may mean:\n  grpc.reflection'],
    [['probe/echo'], 'The plugin has no method probe/echo. Did you mean rxplug.conformance.Probe/Echo?'],
    [['Echo', '{}', '{}'], 'takes one request, got 2.'],
    [['CallBack', '{"brokerId":"$lend:X"}'], '$lend:X wants --lend X=FILE.'],
    [['Echo', '--lend', 'acme.Nobody=x.mjs'], 'The service acme.Nobody of --lend is not described'],
    [['Echo', '--lend', `Probe=${broken}`], `Cannot load the stub ${broken}: `],
    [['Echo', '--lend', 'Probe'], 'Expected --lend to be KEY=VALUE'],
    [['Echo', '--script', broken], 'The methods are those of --script: expected no other, got Echo.'],
    [['--script', '/nowhere'], 'Cannot read the script /nowhere: '],
    [
      ['--script', fileOf('wrong.ndjson', '{"method":"Echo"}\n{"metod":"Echo"}')],
      'Call 2 of the script is none. Expected',
    ],
  ] as const) {
    const { code, stderr } = await callOurs(words);
    assert.equal(code, 2, `${words.join(' ')}: ${stderr}`);
    assert.ok(stderr.includes(expected), stderr);
  }
});

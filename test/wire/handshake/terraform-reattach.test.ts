import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { handshake, plugins } from '../../../examples/grpc-kv/contract.js';
import { type ClientOptions, createClient, OptionsError } from '../../../src/index.js';
import type { ReattachConfig } from '../../../src/wire/handshake/reattach-config.js';
import { parseTerraformReattach, terraformReattach } from '../../../src/wire/handshake/terraform-reattach.js';

const random = 'registry.terraform.io/hashicorp/random';
const config: ReattachConfig = {
  protocol: 'grpc',
  protocolVersion: 5,
  network: 'unix',
  address: '/tmp/plugin1',
  pid: 17,
  test: true,
};
const entry = { Protocol: 'grpc', ProtocolVersion: 5, Pid: 17, Test: true };
const terraform = { ...entry, Addr: { Network: 'unix', String: '/tmp/plugin1' } };

test('Terraform gets its own form', () => {
  const text = terraformReattach({ [random]: { ...config, id: '17', startTime: '4711' } });
  const expected =
    '{"registry.terraform.io/hashicorp/random":{"Protocol":"grpc","ProtocolVersion":5,"Pid":17,"Test":true,' +
    '"Addr":{"Network":"unix","String":"/tmp/plugin1"}}}';
  assert.equal(text, expected);
});

describe('what Terraform has is read', () => {
  const other: ReattachConfig = {
    protocol: 'netrpc',
    protocolVersion: 1,
    network: 'tcp',
    address: '[::1]:1234',
    test: false,
  };
  const both = terraformReattach({ [random]: config, 'example.com/acme/random': other });

  test('as it was written: for each address, the rest unchanged', () => {
    assert.deepEqual(parseTerraformReattach(both, random), config);
    assert.deepEqual(parseTerraformReattach(both, 'example.com/acme/random'), other);
    assert.deepEqual(parseTerraformReattach(JSON.parse(both) as object, 'hashicorp/random'), config);
    assert.deepEqual(parseTerraformReattach(` ${terraformReattach({ [random]: config })}\n`), config);
  });

  for (const [what, Addr, address] of [
    ['a unix address of Go', { Name: '/tmp/plugin1', Net: 'unix' }, { network: 'unix', address: '/tmp/plugin1' }],
    ['a TCP address of Go', { IP: '127.0.0.1', Port: 1234, Zone: '' }, { network: 'tcp', address: '127.0.0.1:1234' }],
    ['an IPv6 address of Go', { IP: '::1', Port: 1234, Zone: '' }, { network: 'tcp', address: '[::1]:1234' }],
    ['names in lower case', { network: 'unix', string: '/tmp/s' }, { network: 'unix', address: '/tmp/s' }],
  ] as const) {
    test(what, () => {
      assert.deepEqual(parseTerraformReattach({ [random]: { ...entry, Addr } }), { ...config, ...address });
    });
  }

  test('what Go leaves out is its zero value', () => {
    const { Addr } = terraform;
    const { network, address } = config;
    const expected = { protocol: 'netrpc', protocolVersion: 0, network, address, test: false };
    assert.deepEqual(parseTerraformReattach({ [random]: { Addr } }), expected);
  });

  test('an exact address is preferred to the end of another one', () => {
    const short = { ...terraform, Pid: 4 };
    assert.equal(parseTerraformReattach({ [`x/${random}`]: terraform, [random]: short }, random).pid, 4);
  });
});

describe('what cannot be read is refused, and told why', () => {
  const two = { 'a/b/c': terraform, 'd/b/c': terraform };
  const refused: readonly (readonly [what: string, json: string | object, address: string | undefined, RegExp])[] = [
    ['no JSON', "'{}'", undefined, /^Expected TF_REATTACH_PROVIDERS to be JSON, got "'\{\}'"\.$/],
    ['no object', '[1]', undefined, /to be an object of providers by their addresses, got "\[1\]"\.$/],
    ['no providers', '{}', undefined, /^TF_REATTACH_PROVIDERS has no provider\. Expected one, by its address\.$/],
    [
      'no address',
      two,
      undefined,
      /several providers: "a\/b\/c", "d\/b\/c"\. .*`parseTerraformReattach\(json, "a\/b\/c"\)`/,
    ],
    ['half an address', two, 'b/c', /several providers "b\/c": "a\/b\/c", "d\/b\/c"\./],
    ['an unknown address', two, 'x', /^TF_REATTACH_PROVIDERS has no provider "x"\. It has "a\/b\/c", "d\/b\/c"\.$/],
    ['an entry', { a: 1 }, undefined, /^Expected a in TF_REATTACH_PROVIDERS to be an object, got "1"\.$/],
    ['Protocol', { a: { ...terraform, Protocol: 'http' } }, undefined, /a\.Protocol .*`grpc` or `netrpc`, got .*http/],
    ['ProtocolVersion', { a: { ...terraform, ProtocolVersion: '5' } }, undefined, /a\.ProtocolVersion .* an integer/],
    ['Pid', { a: { ...terraform, Pid: -1 } }, undefined, /a\.Pid .* a process id, got "-1"/],
    ['Test', { a: { ...terraform, Test: 'yes' } }, undefined, /a\.Test .* a boolean/],
    ['no Addr', { a: entry }, undefined, /a\.Addr .*"Network": "unix" or "tcp", "String": address.*got "nothing"/],
    ['a network', { a: { ...entry, Addr: { Network: 'udp', String: 'x' } } }, undefined, /a\.Addr .*udp/],
    ['an empty address', { a: { ...entry, Addr: { Network: 'unix', String: '' } } }, undefined, /a\.Addr/],
  ];
  for (const [what, json, address, message] of refused) {
    test(what, () => {
      assert.throws(
        () => parseTerraformReattach(json, address),
        (error) => error instanceof OptionsError && message.test(error.message),
      );
    });
  }
});

describe('the option `reattach` names the function when it is given', () => {
  const value = { [random]: terraform };
  for (const [what, reattach] of Object.entries({
    text: JSON.stringify(value),
    'an object': value,
    'an entry': terraform,
  })) {
    test(what, () => {
      assert.throws(
        () => createClient({ reattach, handshake, plugins } as unknown as ClientOptions),
        (error) => error instanceof OptionsError && /`parseTerraformReattach\(json, address\)`/.test(error.message),
      );
    });
  }

  test('and what else is no config is refused, too', () => {
    for (const reattach of ['17', 17, null])
      assert.throws(
        () => createClient({ reattach, handshake, plugins } as unknown as ClientOptions),
        /Expected `reattach` to be a ReattachConfig, got ("17"|17|null)\./,
      );
  });
});

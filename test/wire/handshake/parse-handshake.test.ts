import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HandshakeError, type HandshakeErrorCode, OptionsError } from '../../../src/errors.js';
import { encodeBase64 } from '../../../src/wire/base64.js';
import { formatHandshake, splitHandshake } from '../../../src/wire/handshake/handshake-line.js';
import { acceptHandshake, type HandshakeOptions, parseHandshake } from '../../../src/wire/handshake/parse-handshake.js';

const options: HandshakeOptions = { appVersions: [1, 3, 5], allowedProtocols: ['netrpc', 'grpc'] };
const certificate = Uint8Array.of(0x30, 0x82, 0x01, 0x00, ...new Uint8Array(256).fill(7));
const field6 = encodeBase64(certificate);

function rejects(line: string, code: HandshakeErrorCode, given: HandshakeOptions = options): HandshakeError {
  try {
    parseHandshake(line, given);
  } catch (error) {
    assert.ok(error instanceof HandshakeError, String(error));
    assert.equal(error.code, code, error.message);
    assert.equal(typeof error.details.text, 'string');
    assert.ok(error.message.length < 1500);
    return error;
  }
  return assert.fail(`accepted ${JSON.stringify(line)}`);
}

function throwing(error: Error): () => never {
  return () => {
    throw error;
  };
}

/** The text without characters that a terminal obeys. */
function stripControls(text: string): string {
  return [...text.matchAll(/./gsu)]
    .map(([char]) => char)
    .filter((char) => !/\p{Cc}/u.test(char))
    .join('');
}

test('H-12 accepts 4, 5, 6, 7 and 9 fields', () => {
  const address = { network: 'unix', address: '/tmp/p' } as const;
  const plain = { appVersion: 1, address, protocol: 'netrpc', multiplexed: false };
  assert.deepEqual(parseHandshake('1|1|unix|/tmp/p', options), plain);
  assert.deepEqual(parseHandshake('1|1|unix|/tmp/p|netrpc', options), plain);
  assert.deepEqual(parseHandshake('1|1|unix|/tmp/p|netrpc|', options), plain);
  assert.deepEqual(parseHandshake('1|1|unix|/tmp/p|grpc||true', options), { ...plain, protocol: 'grpc' });
  assert.deepEqual(parseHandshake('1|1|unix|/tmp/p|grpc||true|new|newer', { ...options, multiplex: true }), {
    ...plain,
    protocol: 'grpc',
    multiplexed: true,
  });
});

test('H-13 rejects fewer than four fields and shows the line', () => {
  for (const line of ['', 'hello world', '1', '1|1', '1|1|unix']) {
    const error = rejects(line, 'ERR_HANDSHAKE_UNRECOGNIZED');
    assert.equal(error.details.text, line);
    assert.ok(error.message.includes(JSON.stringify(line)));
  }
});

test('a line of garbage is shown truncated and cannot steer a terminal', () => {
  const error = rejects(`\u001b[2J\u009b31m${'x'.repeat(60_000)}`, 'ERR_HANDSHAKE_UNRECOGNIZED');
  assert.ok((error.details.text ?? '').length < 300);
  assert.equal(stripControls(error.message), error.message);
});

test('H-14 tolerates blanks and CRLF around the line, none inside numbers', () => {
  for (const line of [' \t1|1|unix|/tmp/p\r\n', '\u00a01|1|unix|/tmp/p\n', '1|1|unix|/tmp/p  ']) {
    assert.equal(parseHandshake(line, options).address.address, '/tmp/p');
  }
  rejects('1 |1|unix|/tmp/p', 'ERR_CORE_VERSION_INVALID');
  rejects('1| 1|unix|/tmp/p', 'ERR_APP_VERSION_INVALID');
  rejects('\uFEFF1|1|unix|/tmp/p', 'ERR_CORE_VERSION_INVALID');
});

test('takes the path verbatim, blanks inside the line included', () => {
  assert.equal(parseHandshake('1|1|unix| /tmp/a b |grpc|', options).address.address, ' /tmp/a b ');
});

test('H-15 rejects another core version with both versions', () => {
  for (const version of [0, 2, -1]) {
    const error = rejects(`${version}|1|unix|/tmp/p`, 'ERR_CORE_VERSION_MISMATCH');
    assert.deepEqual([error.details.pluginVersion, error.details.hostVersions], [version, [1]]);
    assert.match(error.message, /rebuilt/);
  }
});

test('H-16 rejects versions that are not numbers', () => {
  for (const text of ['', 'x', '1.0', '0x1', '1_0', '1e0', '9'.repeat(30), '--1', '+']) {
    rejects(`${text}|1|unix|/tmp/p`, 'ERR_CORE_VERSION_INVALID');
    rejects(`1|${text}|unix|/tmp/p`, 'ERR_APP_VERSION_INVALID');
  }
});

test('reads signs and leading zeros as Go does', () => {
  assert.equal(parseHandshake('+1|003|unix|/tmp/p', options).appVersion, 3);
  assert.ok(Object.is(parseHandshake('1|-0|unix|/tmp/p', { appVersions: [0] }).appVersion, 0));
});

test('H-17 rejects an application version that was not offered, naming both sides', () => {
  const error = rejects('1|4|unix|/tmp/p', 'ERR_APP_VERSION_MISMATCH');
  assert.deepEqual([error.details.pluginVersion, error.details.hostVersions], [4, [1, 3, 5]]);
  assert.match(error.message, /version 4.*1, 3, 5/);
  rejects('1|0|unix|/tmp/p', 'ERR_APP_VERSION_MISMATCH', { appVersions: [] });
});

test('H-18 a missing protocol means netrpc, an empty one is not allowed', () => {
  assert.equal(parseHandshake('1|1|unix|/tmp/p', options).protocol, 'netrpc');
  rejects('1|1|unix|/tmp/p|', 'ERR_PROTOCOL_NOT_ALLOWED');
  rejects('1|1|unix|/tmp/p||', 'ERR_PROTOCOL_NOT_ALLOWED');
});

test('H-19 rejects a protocol outside the list, which is netrpc by default', () => {
  const byDefault = { appVersions: [1] };
  const error = rejects('1|1|unix|/tmp/p|grpc|', 'ERR_PROTOCOL_NOT_ALLOWED', byDefault);
  assert.match(error.message, /"grpc".*netrpc/);
  assert.equal(parseHandshake('1|1|unix|/tmp/p|netrpc|', byDefault).protocol, 'netrpc');
  rejects('1|1|unix|/tmp/p', 'ERR_PROTOCOL_NOT_ALLOWED', { ...byDefault, allowedProtocols: ['grpc'] });
  rejects('1|1|unix|/tmp/p|GRPC|', 'ERR_PROTOCOL_NOT_ALLOWED');
});

test('H-20 rejects a network other than tcp and unix', () => {
  for (const network of ['', 'udp', 'tcp4', 'UNIX', 'unix ']) rejects(`1|1|${network}|x`, 'ERR_NETWORK_UNKNOWN');
});

test('accepts host:port with or without a host, and nothing else, on tcp', () => {
  for (const address of ['127.0.0.1:10000', ':80', 'localhost:1', '[::1]:65535', 'my-host:00080']) {
    assert.equal(parseHandshake(`1|1|tcp|${address}`, options).address.address, address);
  }
  for (const address of ['', '127.0.0.1', '127.0.0.1:', '1.2.3.4:0', 'h:65536', '::1:80', 'h:-1', '[::1]', 'h:1:2']) {
    rejects(`1|1|tcp|${address}`, 'ERR_ADDRESS_INVALID');
  }
  rejects('1|1|unix||grpc', 'ERR_ADDRESS_INVALID');
});

test('an address in the form of a URL is refused, with what to announce instead', () => {
  for (const [fields, expected] of [
    ['unix|unix:///tmp/s', /scheme unix, .*the path of a socket alone, "\/tmp\/s"/],
    ['unix|unix:/tmp/s', /alone, "\/tmp\/s"/],
    ['unix|unix-abstract:s', /scheme unix-abstract/],
    ['tcp|tcp://127.0.0.1:80', /scheme tcp, .*host:port alone, "127\.0\.0\.1:80"/],
    ['tcp|dns:///localhost:80', /scheme dns/],
  ] as const)
    assert.match(rejects(`1|1|${fields}|grpc|`, 'ERR_ADDRESS_INVALID').message, expected);
  assert.equal(parseHandshake('1|1|unix|@abstract', options).address.address, '@abstract');
  assert.equal(parseHandshake('1|1|unix|relative/s', options).address.address, 'relative/s');
});

test('H-21 ignores a sixth field of 50 or fewer characters', () => {
  const old = Buffer.from('{"stdout_addr":"","stderr_addr":""}\n').toString('base64');
  assert.equal(old.length, 48);
  for (const extra of [old, '!'.repeat(50)]) {
    assert.equal(parseHandshake(`1|1|unix|/tmp/p|grpc|${extra}`, options).serverCertificate, undefined);
  }
});

test('H-22 rejects a longer sixth field that is no certificate in unpadded base64', () => {
  const zeros = encodeBase64(new Uint8Array(60));
  const trailing = encodeBase64(Uint8Array.of(...certificate, 0));
  const short = encodeBase64(certificate.subarray(0, 100));
  for (const text of [
    '!'.repeat(51),
    `${field6}=`,
    zeros,
    trailing,
    short,
    `${field6.slice(0, 60)} ${field6.slice(60)}`,
  ]) {
    rejects(`1|1|unix|/tmp/p|grpc|${text}`, 'ERR_SERVER_CERTIFICATE');
  }
});

test('H-23 hands out the certificate in DER', () => {
  assert.deepEqual(parseHandshake(`1|1|unix|/tmp/p|grpc|${field6}`, options).serverCertificate, certificate);
});

test('H-24 multiplexing that was requested and is missing or false is one error', () => {
  const wanted = { ...options, multiplex: true };
  rejects('1|1|unix|/tmp/p|grpc|', 'ERR_MULTIPLEXING_NOT_SUPPORTED', wanted);
  for (const text of ['0', 'f', 'F', 'false', 'FALSE', 'False']) {
    rejects(`1|1|unix|/tmp/p|grpc||${text}`, 'ERR_MULTIPLEXING_NOT_SUPPORTED', wanted);
  }
});

test('H-25 field 7 takes every boolean of Go and no other text', () => {
  const wanted = { ...options, multiplex: true };
  for (const text of ['1', 't', 'T', 'true', 'TRUE', 'True']) {
    assert.equal(parseHandshake(`1|1|unix|/tmp/p|grpc||${text}`, wanted).multiplexed, true);
  }
  for (const text of ['', 'yes', 'tRUE', '2', ' true']) {
    rejects(`1|1|unix|/tmp/p|grpc||${text}|`, 'ERR_MULTIPLEXING_INVALID', wanted);
  }
});

test('H-26 field 7 is not looked at for netrpc, nor without a request', () => {
  assert.equal(parseHandshake('1|1|unix|/tmp/p|netrpc||x', { ...options, multiplex: true }).multiplexed, false);
  assert.equal(parseHandshake('1|1|unix|/tmp/p|grpc||x', options).multiplexed, false);
});

test('H-32 translates the address before validating it, synchronously or not', async () => {
  const host = { network: 'unix', address: '/run/box' };
  for (const translated of [host, Promise.resolve(host)]) {
    const accepted = await acceptHandshake('1|1|container|box:80', {
      ...options,
      translateAddress: (announced) => {
        assert.deepEqual(announced, { network: 'container', address: 'box:80' });
        return translated;
      },
    });
    assert.deepEqual(accepted.address, host);
  }
  const unknown = { ...options, translateAddress: () => ({ network: 'x', address: '' }) };
  await assert.rejects(acceptHandshake('1|1|unix|/p', unknown), { code: 'ERR_NETWORK_UNKNOWN' });
});

test('a translation that fails is a typed error with its cause', async () => {
  const cause = new Error('no such container');
  for (const translateAddress of [() => Promise.reject(cause), throwing(cause)]) {
    await assert.rejects(acceptHandshake('1|1|unix|/p', { ...options, translateAddress }), {
      code: 'ERR_ADDRESS_INVALID',
      message: /no such container/,
      cause,
    });
  }
});

test('an address is translated once the versions are accepted, not before', async () => {
  const translateAddress = throwing(new Error('translated'));
  for (const [line, code] of [
    ['1|1', 'ERR_HANDSHAKE_UNRECOGNIZED'],
    ['2|1|unix|/p', 'ERR_CORE_VERSION_MISMATCH'],
    ['1|2|unix|/p', 'ERR_APP_VERSION_MISMATCH'],
  ] as const)
    await assert.rejects(acceptHandshake(line, { ...options, translateAddress }), { code });
});

test('validates field by field in the order of go-plugin', () => {
  const wrong: readonly (readonly [string, HandshakeErrorCode])[] = [
    ['x|x|x|x||!', 'ERR_CORE_VERSION_INVALID'],
    ['1|x|x|x||!', 'ERR_APP_VERSION_INVALID'],
    ['1|1|x|x||!', 'ERR_NETWORK_UNKNOWN'],
    ['1|1|tcp|x||!', 'ERR_ADDRESS_INVALID'],
    ['1|1|unix|x||!', 'ERR_PROTOCOL_NOT_ALLOWED'],
    ['1|1|unix|x|grpc|!', 'ERR_SERVER_CERTIFICATE'],
    ['1|1|unix|x|grpc||!', 'ERR_MULTIPLEXING_INVALID'],
  ];
  for (const [line, code] of wrong) {
    rejects(line.replace('|!', code === 'ERR_MULTIPLEXING_INVALID' ? '|!' : `|${'!'.repeat(60)}`), code, {
      ...options,
      multiplex: true,
    });
  }
});

test('P-03 P-04 writes one line of six fields, the last empty without a certificate', () => {
  const address = { network: 'unix', address: '/tmp/plugin123' } as const;
  assert.equal(formatHandshake({ appVersion: 3, address, protocol: 'grpc' }), '1|3|unix|/tmp/plugin123|grpc|\n');
  assert.equal(
    formatHandshake({ appVersion: 1, address: { network: 'tcp', address: '127.0.0.1:10000' }, protocol: 'netrpc' }),
    '1|1|tcp|127.0.0.1:10000|netrpc|\n',
  );
});

test('P-05 writes the seventh field only when asked', () => {
  const address = { network: 'unix', address: '/p' } as const;
  const line = formatHandshake({ appVersion: 1, address, protocol: 'grpc', multiplexing: true });
  assert.equal(line, '1|1|unix|/p|grpc||true\n');
  assert.equal(formatHandshake({ appVersion: 1, address, protocol: 'grpc', multiplexing: false }).split('|').length, 6);
});

test('refuses to write an address that would break the line', () => {
  for (const path of ['/tmp/a|b', '/tmp/a\nb', '/tmp/a\rb']) {
    const address = { network: 'unix', address: path } as const;
    assert.throws(() => formatHandshake({ appVersion: 1, address, protocol: 'grpc' }), OptionsError);
  }
});

test('property: what is written is read back', () => {
  const path = fc.string({ minLength: 1 }).map((text) => `/${text.replaceAll(/[|\r\n\0]/g, '_')}`);
  const der = fc.option(fc.uint8Array({ minLength: 60, maxLength: 120 }), { nil: undefined });
  fc.assert(
    fc.property(
      fc.integer(),
      path,
      fc.constantFrom('grpc' as const, 'netrpc' as const),
      der,
      fc.boolean(),
      (appVersion, where, protocol, content, mux) => {
        const address = { network: 'unix', address: where } as const;
        const found =
          content === undefined ? {} : { serverCertificate: Uint8Array.of(0x30, content.length, ...content) };
        const line = formatHandshake({ appVersion, address, protocol, ...found, multiplexing: mux });
        const read = parseHandshake(line, { appVersions: [appVersion], allowedProtocols: [protocol], multiplex: mux });
        assert.deepEqual(read, { appVersion, address, protocol, ...found, multiplexed: mux && protocol === 'grpc' });
      },
    ),
  );
});

test('property: any line is accepted or is a HandshakeError', () => {
  const noise = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('|', '1', '+', 'u', ' ', '\n', '\u0085') }));
  fc.assert(
    fc.property(noise, fc.boolean(), (line, multiplex) => {
      try {
        parseHandshake(line, { ...options, multiplex });
      } catch (error) {
        assert.ok(error instanceof HandshakeError);
      }
    }),
  );
});

test('splits without validating, and drops what comes after the seventh field', () => {
  assert.deepEqual(splitHandshake('a|b|c|d\n'), { coreVersion: 'a', appVersion: 'b', network: 'c', address: 'd' });
  assert.deepEqual(splitHandshake('a|b|c|d|e||g|h|i'), {
    coreVersion: 'a',
    appVersion: 'b',
    network: 'c',
    address: 'd',
    protocol: 'e',
    serverCertificate: '',
    multiplexing: 'g',
  });
});

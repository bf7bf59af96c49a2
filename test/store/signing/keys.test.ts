import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { blake2b256 } from '../../../packages/store/src/signing/blake2b.js';
import { formatPublicKey, minisignKey, parsePublicKey } from '../../../packages/store/src/signing/public-key.js';
import { scryptParameters } from '../../../packages/store/src/signing/scrypt.js';
import { formatSecretKey, generateKey, parseSecretKey } from '../../../packages/store/src/signing/secret-key.js';
import { signMinisign } from '../../../packages/store/src/signing/sign.js';
import { parseSignature } from '../../../packages/store/src/signing/signature.js';
import { verifyMinisign } from '../../../packages/store/src/signing/verify.js';
import { PluginError } from '../../../src/errors.js';

const LINE = 'RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3';
const CHEAP = { operations: 524_288, memoryBytes: 16_777_216 };
const isRefused = (code: string, message: RegExp) => (error: unknown) =>
  PluginError.is(error) && error.code === code && message.test(error.message);

describe('a public key', () => {
  test('is read from its line, its file and the name of its signer', () => {
    const key = parsePublicKey(LINE);
    assert.equal(key.id, 'E7620F1842B4E81F');
    for (const text of [`${LINE}\n`, formatPublicKey(key), Buffer.from(formatPublicKey(key)), minisignKey(LINE)])
      assert.deepEqual(parsePublicKey(text), key);
    assert.equal(minisignKey(formatPublicKey(key)), `minisign:${LINE}`);
  });

  test('has its number without zeros in front, as minisign writes it', () => {
    const line = 'RWRMqTU6hnYwDjz1HO9/F7/FjxO7i3wpkpFphXaPoGP7+3d15JKM+U0y';
    const file = `untrusted comment: minisign public key E3076863A35A94C\n${line}\n`;
    assert.equal(formatPublicKey(parsePublicKey(line)), file);
  });

  const wrong: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['too short', LINE.slice(0, 52)],
    ['too long', `${LINE}AAAA`],
    ['another alphabet', LINE.replace('RWQ', 'RW-')],
    ['a space before it', ` ${LINE}`],
    ['a space after it', `${LINE} `],
    ['a carriage return after it', `${LINE}\r\n`],
    ['another algorithm', `AA${LINE.slice(2)}`],
    ['three lines', `untrusted comment: x\n${LINE}\n\n`],
    ['no comment', `comment: x\n${LINE}\n`],
    ['a comment of 2 KB', `untrusted comment: ${'x'.repeat(1100)}\n${LINE}\n`],
    ['a control character in the comment', `untrusted comment: \x1b[31m\n${LINE}\n`],
    ['a key of another kind', `${LINE}\n`.replace('RW', 'PGP')],
  ];
  for (const [what, text] of wrong)
    test(`is refused: ${what}`, () => assert.throws(() => parsePublicKey(text), isRefused('ERR_KEY', /public key/)));

  test('is refused when it is no UTF-8', () => {
    const file = Buffer.concat([Buffer.from('untrusted comment: '), Buffer.of(0xff), Buffer.from(`\n${LINE}\n`)]);
    assert.throws(() => parsePublicKey(file), isRefused('ERR_KEY', /no text/));
  });

  test('is refused with a word when it is one of signify', () => {
    const file = 'untrusted comment: signify public key\nRWTbYlGlJvocBiBXVNeOXxE84q5gnKoIF+kysVJsIFbtJxSRP7UaWvZW\n';
    assert.throws(() => parsePublicKey(file), isRefused('ERR_KEY', /signify.*rxplug plugin keygen/));
  });
});

describe('a secret key', () => {
  test('comes back from its file, plain and encrypted', async () => {
    const key = generateKey();
    assert.deepEqual(await parseSecretKey(await formatSecretKey(key)), key);
    const locked = await formatSecretKey(key, { password: 'x', limits: CHEAP });
    assert.deepEqual(await parseSecretKey(locked, () => 'x'), key);
    assert.notEqual(await formatSecretKey(key, { password: 'x', limits: CHEAP }), locked, 'the salt is another');
  });

  test('that asks for more memory or time than minisign takes is refused before anything is derived', async () => {
    const file = await formatSecretKey(generateKey(), { password: 'x', limits: CHEAP });
    for (const [offset, limit] of [
      [38, 2n ** 25n + 1n],
      [46, 2n ** 30n + 1n],
      [46, 2n ** 64n - 1n],
    ] as const) {
      const raw = Buffer.from(file.split('\n')[1]!, 'base64');
      raw.writeBigUInt64LE(limit, offset);
      const greedy = `untrusted comment: x\n${raw.toString('base64')}\n`;
      await assert.rejects(
        parseSecretKey(greedy, () => 'x'),
        isRefused('ERR_KEY', /more than minisign takes/),
      );
    }
  });

  for (const [what, offset] of [
    ['the number', 54],
    ['the seed', 62],
    ['the public key', 94],
    ['the checksum', 126],
  ] as const)
    test(`that is damaged is refused: ${what}`, async () => {
      const key = generateKey();
      const raw = Buffer.from((await formatSecretKey(key)).split('\n')[1]!, 'base64');
      // As later versions of minisign write it: with a checksum, also without a password.
      raw.set(blake2b256(Buffer.concat([Buffer.from('Ed'), raw.subarray(54, 126)])), 126);
      assert.deepEqual(await parseSecretKey(`untrusted comment: x\n${raw.toString('base64')}\n`), key);
      raw[offset]! ^= 1;
      const damaged = `untrusted comment: x\n${raw.toString('base64')}\n`;
      await assert.rejects(parseSecretKey(damaged), isRefused('ERR_KEY', /checksum is another/));
    });

  test('whose public key is of another seed is refused: signing with it would give the seed away', async () => {
    const raw = Buffer.from((await formatSecretKey(generateKey())).split('\n')[1]!, 'base64');
    raw.set(generateKey().publicKey.bytes, 94);
    const mixed = `untrusted comment: x\n${raw.toString('base64')}\n`;
    await assert.rejects(parseSecretKey(mixed), isRefused('ERR_KEY', /public key in it is not its own/));
  });

  test('is refused when it is something else', async () => {
    const good = await formatSecretKey(generateKey());
    for (const text of ['', good.slice(0, 100), `${good}x\n`, good.replace('RW', 'RX'), LINE])
      await assert.rejects(parseSecretKey(text), isRefused('ERR_KEY', /no secret key of minisign/));
    const signify = `untrusted comment: signify secret key\n${'A'.repeat(140)}\n`;
    await assert.rejects(parseSecretKey(signify), isRefused('ERR_KEY', /signify/));
  });
});

describe('the cost of a password', () => {
  // crypto_pwhash_scryptsalsa208sha256's constants, and its pickparams by hand.
  for (const [what, operations, memoryBytes, N, p] of [
    ['SENSITIVE', 33_554_432, 1_073_741_824, 1_048_576, 1],
    ['INTERACTIVE', 524_288, 16_777_216, 16_384, 1],
    ['few steps', 1, 1_048_576, 1024, 1],
    ['little memory, many steps', 33_554_432, 16_777_216, 16_384, 64],
    ['much memory, few steps', 524_288, 1_073_741_824, 16_384, 1],
  ] as const)
    test(what, () => assert.deepEqual(scryptParameters({ operations, memoryBytes }), { N, r: 8, p }));
});

test('BLAKE2b with 32 bytes is the one of RFC 7693', () => {
  // hashlib.blake2b(…, digest_size=32) of Python.
  assert.equal(
    blake2b256(Buffer.alloc(0)).toString('hex'),
    '0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8',
  );
  assert.equal(
    blake2b256(Buffer.from('abc')).toString('hex'),
    'bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319',
  );
  assert.equal(
    blake2b256(Buffer.alloc(128, 1)).toString('hex'),
    'fd75cfa278f05e5c6ffd7965c740b68ba58266cdb7a274cd02202c4cdaac1796',
  );
  assert.throws(() => blake2b256(Buffer.alloc(129)), RangeError);
});

describe('a signature', () => {
  const key = generateKey();
  const good = signMinisign(Buffer.from('x'), key, { trustedComment: 'y' });
  const lines = good.trimEnd().split('\n') as [string, string, string, string];
  const changed = (line: number, text: string) =>
    `${lines.map((one, index) => (index === line ? text : one)).join('\n')}\n`;

  for (const [what, text, reason] of [
    ['nothing', '', /1 lines/],
    ['three lines', lines.slice(0, 3).join('\n'), /3 lines/],
    ['a fifth line', `${good}\n`, /5 lines/],
    ['carriage returns', good.replaceAll('\n', '\r\n'), /no text/],
    ['a NUL', good.replace('y', '\0'), /no text/],
    ['too long', changed(2, `trusted comment: ${'x'.repeat(17_000)}`), /too long/],
    ['a long comment', changed(2, `trusted comment: ${'x'.repeat(8200)}`), /third line/],
    ['no first comment', changed(0, 'x'), /first line/],
    ['no trusted comment', changed(2, 'y'), /third line/],
    ['base64 without its end', changed(1, lines[1].slice(0, -1)), /second line/],
    [
      'base64 with bits that do not count',
      changed(
        3,
        lines[3].replace(/.==$/, (end) => (end[0] === 'A' ? 'B==' : `${String.fromCharCode(end.charCodeAt(0) + 1)}==`)),
      ),
      /fourth line/,
    ],
    ['two lines in one', changed(1, `${lines[1]} ${lines[1]}`), /second line/],
    ['one of signify', `untrusted comment: signify secret key\n${lines[1]}\n`, /signify/],
    ['another algorithm', changed(1, `AB${lines[1].slice(2)}`), /algorithm/],
  ] as const)
    test(`is refused: ${what}`, () => assert.throws(() => parseSignature(text), isRefused('ERR_SIGNATURE', reason)));

  test('by a key that is not trusted names both keys, before anything is computed', () => {
    const other = generateKey().publicKey;
    assert.throws(
      () => verifyMinisign(Buffer.from('x'), good, [other]),
      isRefused('ERR_SIGNATURE', new RegExp(`by the key ${key.publicKey.id}. Trusted is ${other.id}\\.`)),
    );
    assert.throws(() => verifyMinisign(Buffer.from('x'), good, []), isRefused('ERR_SIGNATURE', /No key of minisign/));
  });

  test('by a key that has the number of a trusted one is refused', () => {
    const twin = { ...generateKey(), number: key.number };
    const trusted = parsePublicKey(
      Buffer.concat([Buffer.from('Ed'), key.number, twin.publicKey.bytes]).toString('base64'),
    );
    assert.equal(trusted.id, key.publicKey.id);
    assert.throws(() => verifyMinisign(Buffer.from('x'), good, [trusted]), isRefused('ERR_SIGNATURE', /does not fit/));
    assert.equal(verifyMinisign(Buffer.from('x'), good, [trusted, key.publicKey]).key, key.publicKey);
  });

  test('takes comments of one line only', () => {
    for (const trustedComment of ['a\nb', 'a\rb', 'x'.repeat(9000), '\0'])
      assert.throws(
        () => signMinisign(Buffer.from('x'), key, { trustedComment }),
        isRefused('ERR_OPTIONS', /one line/),
      );
  });
});

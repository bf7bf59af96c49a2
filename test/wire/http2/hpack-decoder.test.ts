import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { ProtocolError } from '../../../src/errors.js';
import { HpackDecoder } from '../../../src/wire/http2/hpack-decoder.js';

interface Vectors {
  readonly go: string;
  readonly stories: readonly {
    readonly name: string;
    readonly steps: readonly { readonly list: string[]; readonly block: string }[];
  }[];
}

const golden = fileURLToPath(new URL('../../../../test/golden/hpack/vectors.json', import.meta.url));
const vectors = JSON.parse(readFileSync(golden, 'utf8')) as Vectors;

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const decoderOf = (maxListBytes = 1 << 20, maxTableBytes = 4096): HpackDecoder =>
  new HpackDecoder({ maxListBytes, maxTableBytes });

function decode(decoder: HpackDecoder, block: Uint8Array): readonly string[] {
  // Offset and trailing bytes: the decoder must keep to its range.
  const padded = new Uint8Array(block.length + 5).fill(0xff);
  padded.set(block, 3);
  return decoder.decode(padded, 3, 3 + block.length);
}

function refuses(block: string, decoder = decoderOf()): void {
  assert.throws(
    () => decode(decoder, hex(block)),
    (error) => error instanceof ProtocolError && error.wireCode === 9 && error.code === 'ERR_HTTP2_PROTOCOL',
  );
}

suite('vectors made by Go', () => {
  for (const story of vectors.stories) {
    test(`decodes ${story.name}`, () => {
      const decoder = decoderOf();
      for (const { list, block } of story.steps) assert.deepEqual(decode(decoder, hex(block)), list);
    });
  }
});

suite('examples of RFC 7541 appendix C', () => {
  const cases: Record<string, readonly [tableBytes: number, ...steps: (readonly [string, string])[]]> = {
    'C.2.1 literal with indexing': [
      4096,
      ['400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572', 'custom-key=custom-header'],
      ['be', 'custom-key=custom-header'],
    ],
    'C.2.2 literal without indexing': [4096, ['040c 2f73 616d 706c 652f 7061 7468', ':path=/sample/path']],
    'C.2.3 literal never indexed': [4096, ['1008 7061 7373 776f 7264 0673 6563 7265 74', 'password=secret']],
    'C.2.4 indexed': [4096, ['82', ':method=GET']],
    'C.3 requests without Huffman': [
      4096,
      [
        '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        ':method=GET|:scheme=http|:path=/|:authority=www.example.com',
      ],
      [
        '8286 84be 5808 6e6f 2d63 6163 6865',
        ':method=GET|:scheme=http|:path=/|:authority=www.example.com|cache-control=no-cache',
      ],
      [
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
        ':method=GET|:scheme=https|:path=/index.html|:authority=www.example.com|custom-key=custom-value',
      ],
    ],
    'C.4 requests with Huffman': [
      4096,
      ['8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff', ':method=GET|:scheme=http|:path=/|:authority=www.example.com'],
      [
        '8286 84be 5886 a8eb 1064 9cbf',
        ':method=GET|:scheme=http|:path=/|:authority=www.example.com|cache-control=no-cache',
      ],
      [
        '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
        ':method=GET|:scheme=https|:path=/index.html|:authority=www.example.com|custom-key=custom-value',
      ],
    ],
    'C.6 responses with Huffman and eviction': [
      256,
      [
        '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
        ':status=302|cache-control=private|date=Mon, 21 Oct 2013 20:13:21 GMT|location=https://www.example.com',
      ],
      [
        '4883 640e ffc1 c0bf',
        ':status=307|cache-control=private|date=Mon, 21 Oct 2013 20:13:21 GMT|location=https://www.example.com',
      ],
      [
        '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
        ':status=200|cache-control=private|date=Mon, 21 Oct 2013 20:13:22 GMT|location=https://www.example.com|' +
          'content-encoding=gzip|set-cookie=foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
      ],
    ],
  };
  for (const [name, [tableBytes, ...steps]] of Object.entries(cases)) {
    test(name, () => {
      const decoder = decoderOf(1 << 20, tableBytes);
      for (const [block, fields] of steps) {
        const list = fields.split('|').flatMap((field) => {
          const cut = field.indexOf('=');
          return [field.slice(0, cut), field.slice(cut + 1)];
        });
        assert.deepEqual(decode(decoder, hex(block)), list);
      }
    });
  }
});

suite('hostile input', () => {
  test('refuses index 0 and an index beyond the table', () => {
    refuses('80');
    refuses('be');
    refuses('7e 01 61');
    refuses('ff ff ff ff 7f');
  });

  test('refuses a block that ends within an integer or a string', () => {
    refuses('ff');
    refuses('ff ff');
    refuses('40');
    refuses('40 0a 61');
    refuses('40 01 61');
    refuses('40 01 61 7f');
  });

  test('refuses an integer of more than 28 bits', () => {
    refuses('ff 80 80 80 80 01');
    refuses('40 7f ff ff ff ff 0f 61');
  });

  test('refuses a string that is longer than its block before it makes room for it', () => {
    refuses('40 7f ff ff ff 7f 61');
  });

  test('refuses EOS and wrong padding in a Huffman string', () => {
    refuses('40 84 ff ff ff ff 01 61');
    refuses('40 81 18 01 61');
    refuses('40 82 1f ff 01 61');
  });

  test('refuses a table size update beyond the limit, behind a field, and a third one', () => {
    refuses('3f e2 1f');
    refuses('82 20');
    refuses('20 20 20');
    assert.deepEqual(decode(decoderOf(), hex('20 3f e1 1f 82')), [':method', 'GET']);
  });

  test('forgets the table when its size becomes 0', () => {
    const decoder = decoderOf();
    decode(decoder, hex('40 01 61 01 62'));
    assert.deepEqual(decode(decoder, hex('be')), ['a', 'b']);
    refuses('20 be', decoder);
  });

  test('cuts a list that exceeds the limit and keeps the table in order', () => {
    const decoder = decoderOf(200);
    const bomb = new Uint8Array(60_000).fill(0xbe);
    decode(decoder, hex('40 01 61 01 62'));
    assert.equal(decoder.tooLarge, false);
    const list = decode(decoder, bomb);
    assert.equal(decoder.tooLarge, true);
    assert.equal(list.length, 2 * Math.floor(200 / 34));
    decode(decoder, Uint8Array.from([...bomb, ...hex('40 01 63 01 64')]));
    assert.deepEqual(decode(decoder, hex('be bf')), ['c', 'd', 'a', 'b']);
    assert.equal(decoder.tooLarge, false);
  });

  test('either decodes or refuses any bytes, and stays usable after what it decoded', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 8 }), (blocks) => {
        const decoder = decoderOf(1024, 256);
        for (const block of blocks) {
          try {
            const list = decode(decoder, block);
            assert.equal(list.length % 2, 0);
          } catch (error) {
            assert.ok(error instanceof ProtocolError);
            assert.equal(error.wireCode, 9);
            return;
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});

suite('repeated blocks', () => {
  test('gives the same list for the same bytes while the table is unchanged', () => {
    const decoder = decoderOf();
    decode(decoder, hex('40 01 61 01 62'));
    const first = decode(decoder, hex('82 be'));
    assert.equal(decode(decoder, hex('82 be')), first);
    decode(decoder, hex('40 01 63 01 64'));
    assert.deepEqual(decode(decoder, hex('82 be')), [':method', 'GET', 'c', 'd']);
  });

  test('does not give a list again that was cut, nor one with literals', () => {
    const decoder = decoderOf(60);
    assert.deepEqual(decode(decoder, hex('82 84')), [':method', 'GET']);
    decode(decoder, hex('82 84'));
    assert.equal(decoder.tooLarge, true);
    assert.deepEqual(decode(decoder, hex('00 01 61 01 62')), ['a', 'b']);
    assert.deepEqual(decode(decoder, hex('00 01 61 01 63')), ['a', 'c']);
  });
});

import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { create, Header, Pax } from 'tar';
import { StoreError } from '../../../../packages/store/src/errors.js';
import { BinarySearch } from '../../../../packages/store/src/sources/oci/find-binary.js';
import { readLayer } from '../../../../packages/store/src/sources/oci/layer.js';

/** An empty file of a layer with a name of any length. */
function emptyFile(path: string): Buffer {
  const header = Buffer.alloc(512);
  const pax = new Pax({ path }).encode();
  new Header({ path: path.slice(0, 90), mode: 0o644, size: 0, type: 'File' }).encode(header, 0);
  return Buffer.concat([pax, header]);
}

/** A layer that is not in memory as a whole. */
function layer(count: number, nameOf: (index: number) => string): Readable {
  return Readable.from(
    (function* () {
      for (let index = 0; index < count; index++) yield emptyFile(nameOf(index));
      yield Buffer.alloc(1024);
    })(),
  );
}

const long = (index: number) => `${index}/${'x'.repeat(1_000_000)}`;

test('the names of a layer that are remembered are bounded', async () => {
  const byName = new BinarySearch('the image', 'kv');
  await assert.rejects(
    byName.layer((onEntry) => readLayer(layer(40, long), 'none', 'A layer', onEntry)),
    (error: unknown) =>
      StoreError.is(error) && error.code === 'ERR_SIZE' && /Give the whole path of the program/.test(error.message),
  );
  const byPath = new BinarySearch('the image', '/bin/kv');
  const whiteouts = (index: number) => `${index}/.wh.${'x'.repeat(1_000_000)}`;
  assert.equal(await byPath.layer((onEntry) => readLayer(layer(40, whiteouts), 'none', 'A layer', onEntry)), undefined);
});

test('a layer that is packed otherwise than it says, or twice, is refused', async () => {
  const tar = await new Promise<Buffer>((resolve, reject) => {
    const chunks: Buffer[] = [];
    create({ cwd: import.meta.dirname }, ['find-binary.test.js'])
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => resolve(Buffer.concat(chunks)))
      .on('error', reject);
  });
  const read = async (bytes: Buffer, packing: 'none' | 'gzip') => {
    const paths: string[] = [];
    await readLayer(Readable.from([bytes]), packing, 'A layer', ({ path }) => paths.push(path));
    return paths;
  };
  const refused = (error: unknown) => StoreError.is(error) && error.code === 'ERR_ARCHIVE';
  assert.deepEqual(await read(gzipSync(tar), 'gzip'), ['find-binary.test.js']);
  await assert.rejects(read(gzipSync(tar), 'none'), refused);
  await assert.rejects(read(gzipSync(gzipSync(tar)), 'gzip'), refused);
  await assert.rejects(read(tar, 'gzip'), refused);
  await assert.rejects(read(tar.subarray(0, 700), 'none'), refused);
});

import { readFileSync } from 'node:fs';

/** A stream that Go wrote: one hexadecimal string per value, with the definitions before it. */
export interface GoldenVector {
  readonly name: string;
  /** With 64 as the first id. */
  readonly values: readonly string[];
  /** With 65 as the first id. */
  readonly shifted: readonly string[];
}

interface GoldenFile {
  /** The version of Go that wrote it. */
  readonly go: string;
  readonly vectors: readonly GoldenVector[];
}

const file = new URL('../../../../test/golden/gob/vectors.json', import.meta.url);

/** What `test/golden/gob/main.go` printed. */
export const GOLDEN = JSON.parse(readFileSync(file, 'utf8')) as GoldenFile;

/** SHA-256 of bytes, in lower-case hexadecimal, with its name before it: `sha256:9c1f…`. */
export type Digest = `sha256:${string}`;

/** Whether a value is a digest as `Digest` has it. */
export function isDigest(value: unknown): value is Digest {
  return typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value);
}

/** The 64 hexadecimal digits of a digest. */
export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

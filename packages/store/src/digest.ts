/** SHA-256 of bytes, in lower-case hexadecimal, with its name before it: `sha256:9c1f…`. */
export type Digest = `sha256:${string}`;

import { readFileSync } from 'node:fs';

interface Golden {
  readonly go: string;
  readonly yamux: string;
  readonly frames: readonly { readonly name: string; readonly hex: string }[];
}

const GOLDEN = JSON.parse(
  readFileSync(new URL('../../../../test/golden/yamux/frames.json', import.meta.url), 'utf8'),
) as Golden;

/** What hashicorp/yamux wrote in the situation of this name (test/golden/yamux/main.go). */
export function golden(name: string): Uint8Array {
  const frame = GOLDEN.frames.find((candidate) => candidate.name === name);
  if (frame === undefined) throw new Error(`no golden frame is named ${name}`);
  return new Uint8Array(Buffer.from(frame.hex, 'hex'));
}

/** All golden frames in one piece. */
export function allGolden(): Uint8Array {
  // The header of 140000 bytes comes without its payload.
  const whole = GOLDEN.frames.filter((frame) => !frame.name.startsWith('header of'));
  return new Uint8Array(Buffer.from(whole.map((frame) => frame.hex).join(''), 'hex'));
}

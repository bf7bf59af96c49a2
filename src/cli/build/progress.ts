import type { OutputStream } from '../process/context.js';

/** Tells what a command is at, while it prints nothing else. */
export interface Progress {
  begins(step: string): void;
  /** Takes away what is shown. */
  ends(): void;
}

const CLEARED = '\r\u001b[2K';

/** A line that is written anew for each step where a person reads it and nothing comes between; otherwise a line for each step. */
export function progressOn(stream: OutputStream, isAlone: boolean): Progress {
  if (stream.isTTY !== true || !isAlone) return { begins: (step) => void stream.write(`${step}\n`), ends: () => {} };
  return {
    begins: (step) => void stream.write(`${CLEARED}${step} …`),
    ends: () => void stream.write(CLEARED),
  };
}

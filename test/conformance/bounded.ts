/** How long anything may take in a conformance test before it counts as hung. */
export const LIMIT_MS = 20_000;

/** The same promise, rejecting with a message that names what did not come in time. */
export async function bounded<T>(promise: Promise<T>, what: string, limitMs: number = LIMIT_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

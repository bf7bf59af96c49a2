import { OptionsError } from '../errors.js';
import { quoteText } from './quote.js';

type KeysOf<T> = T extends unknown ? keyof T & string : never;

type Words<S extends string, Seen extends string = never> = S extends `${infer Word} ${infer Rest}`
  ? Words<Rest, Seen | Word>
  : Seen | S;

type Exactly<Given extends string, Expected extends string> = [Given, Expected] extends [Expected, Given]
  ? unknown
  : { readonly missing: Exclude<Expected, Given>; readonly unknown: Exclude<Given, Expected> };

/**
 * The names of the options `T`, as words: the compiler refuses a list with one too many or too few.
 *
 * @example
 * const NAMES = optionNames<DialerOptions>()('timeoutMs');
 */
export function optionNames<T>() {
  return <const S extends string>(words: S & Exactly<Words<S>, KeysOf<T>>): readonly string[] => words.split(' ');
}

/**
 * Throws OptionsError for options that are no object, and for a name that is not known: JavaScript has no compiler that would tell. An
 * unknown name without a value, as an undefined default leaves it, is ignored.
 */
export function checkOptions(of: string, options: unknown, known: readonly string[]): void {
  if (options !== undefined) requireOptions(of, options, known);
}

/** The same for options that cannot be left out. */
export function requireOptions(of: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new OptionsError(`Expected the options of ${of} to be an object, got ${describeValue(options)}.`);
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && !known.includes(name)) throw unknownOption(of, name, known);
  }
}

function unknownOption(of: string, name: string, known: readonly string[]): OptionsError {
  const near = nearestName(name, known);
  const advice =
    near === undefined ? `It has ${known.map((one) => `\`${one}\``).join(', ')}.` : `Did you mean \`${near}\`?`;
  return new OptionsError(`There is no option \`${name}\` of ${of}. ${advice}`);
}

/** A wrong value for a message: what it is, and where it is short its text. */
export function describeValue(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (typeof value === 'string') return quoteText(value);
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'function') return 'a function';
  return `${String(value as number)} (${typeof value})`;
}

/** The known name that a misspelt one stands for: it differs in few letters, or one begins with the other. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const given = name.toLowerCase();
  const most = Math.max(1, Math.floor(given.length / 3));
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const one of known) {
    const other = one.toLowerCase();
    const begins = given.length > 2 && (other.startsWith(given) || given.startsWith(other));
    const distance = begins && given !== other ? 1 : editDistance(given, other);
    if (distance <= most && distance < (best?.distance ?? Number.POSITIVE_INFINITY)) best = { name: one, distance };
  }
  return best?.name;
}

/** How many letters have to be added, removed, replaced, or swapped with their neighbour. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const next = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      next[column] = Math.min(
        last[column]! + 1,
        next[column - 1]! + 1,
        last[column - 1]! + (same ? 0 : 1),
        swapped ? before[column - 2]! + 1 : Number.POSITIVE_INFINITY,
      );
    }
    before = last;
    last = next;
  }
  return last[b.length]!;
}

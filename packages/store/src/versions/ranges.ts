import { OptionsError } from 'rxplug';
import { maxSatisfying, prerelease, rcompare, satisfies, valid, validRange } from 'semver';
import { StoreError } from '../errors.js';
import { quote, someOf } from '../quote.js';

/** Most characters of a range. */
const MAX_RANGE_CHARS = 256;

/** Whether a text is a range of npm's semver. */
export function isRange(range: unknown): range is string {
  return typeof range === 'string' && range.length <= MAX_RANGE_CHARS && validRange(range) !== null;
}

/** Throws OptionsError for what is no range of npm's semver. */
export function checkRange(range: unknown): void {
  if (isRange(range)) return;
  throw new OptionsError(
    `Expected \`range\` to be a range of versions as npm has them, such as \`^1.4\` or \`>=2 <4\`, got ${quote(range)}.`,
  );
}

/** Whether a text is a semantic version, in its one spelling: no `v` before it. */
export function isVersion(version: unknown): version is string {
  return typeof version === 'string' && version.length <= MAX_RANGE_CHARS && valid(version) === version.split('+')[0];
}

/** Semantic versions, the newest first. What is none is left out: a source may have other tags beside them. */
export function newestFirst(versions: readonly string[]): readonly string[] {
  return versions.filter(isVersion).sort(rcompare);
}

/**
 * The newest version in a range; a prerelease only if the range names one of the same version, as with npm. Throws StoreError ERR_RANGE,
 * which names the newest versions that there are.
 */
export function newestInRange(versions: readonly string[], range: string, what: string): string {
  const sorted = newestFirst(versions);
  const found = maxSatisfying(sorted, range);
  if (found !== null) return found;
  const without = sorted.length === 0 ? 'It has no versions.' : `The newest that it has: ${someOf(sorted, 5)}.`;
  const advice = sorted.length === 0 ? 'Publish one first.' : 'Give a range that one of them is in.';
  throw new StoreError('ERR_RANGE', `No version of ${what} is in the range ${quote(range)}. ${without} ${advice}`);
}

/** The versions in a range, the newest first. */
export function allInRange(versions: readonly string[], range: string): readonly string[] {
  return newestFirst(versions).filter((version) => satisfies(version, range));
}

/**
 * The range of a version that was chosen without one: what npm writes into package.json, and for a prerelease that version alone, because
 * the next prerelease may be another plugin.
 */
export function defaultRange(version: string): string {
  return prerelease(version) === null ? `^${version}` : version;
}

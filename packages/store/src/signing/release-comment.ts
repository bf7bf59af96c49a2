import { OptionsError } from 'rxplug';
import { badSignature } from './fail.js';

/** What the signed comment of a release says. */
export interface ReleaseComment {
  /** The plugin's name, as its manifest has it. */
  readonly name: string;
  readonly version: string;
}

const COMMENT = /^rxplug name:([!-~]+) version:([!-~]+)$/;

/** Writes the trusted comment of a release: `rxplug name:acme/kv version:1.4.2`. Throws OptionsError. */
export function formatReleaseComment({ name, version }: ReleaseComment): string {
  const comment = `rxplug name:${name} version:${version}`;
  const read = COMMENT.exec(comment);
  if (read === null || read[1] !== name || read[2] !== version)
    throw new OptionsError(
      `Expected a plugin's name and version without spaces, got ${JSON.stringify(name)} and ${JSON.stringify(version)}.`,
    );
  return comment;
}

/** Reads the trusted comment of a release. Throws StoreError ERR_SIGNATURE for any other. */
export function parseReleaseComment(comment: string): ReleaseComment {
  const [, name, version] = COMMENT.exec(comment) ?? [];
  if (name === undefined || version === undefined)
    throw badSignature(
      `The signature's trusted comment ${JSON.stringify(comment.slice(0, 200))} names no release. Expected \`rxplug name:NAME version:VERSION\`, ` +
        'as `rxplug plugin sign` writes it; with minisign give it by -t.',
    );
  return { name, version };
}

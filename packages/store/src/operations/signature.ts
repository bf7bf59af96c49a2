import type { Digest } from '../digest.js';
import { StoreError } from '../errors.js';
import { parseSums } from '../signing/sums.js';
import type { SignedSums } from '../sources/source.js';
import type { ConfirmSigner, StoreContext } from './context.js';

/** A version of a plugin that is to be signed. */
export interface SignedPlugin {
  /** The plugin's name, which the signature has to name. */
  readonly name: string;
  readonly version: string;
  readonly source: string;
  /** Who signed it until now, by the lock file. */
  readonly signer?: string;
}

/** A file that a signed list has to have; without its name, under any name. */
export interface ListedFile {
  readonly fileName?: string;
  readonly digest: Digest;
}

/** Whether a plugin has to be signed. */
export function mustBeSigned({ trust, mayBeUnsigned }: StoreContext, { signer, source }: SignedPlugin): boolean {
  return trust.length > 0 || signer !== undefined || !mayBeUnsigned(source);
}

/**
 * Resolves with the signer of a version, who has signed the digests of all these files; undefined for one that is unsigned and may be.
 * Rejects with StoreError: ERR_UNSIGNED, ERR_SIGNATURE, ERR_SIGNER_CHANGED.
 */
export async function checkSignature(
  context: StoreContext,
  plugin: SignedPlugin,
  {
    signed,
    files,
    confirm,
  }: {
    readonly signed: SignedSums | undefined;
    readonly files: readonly ListedFile[];
    readonly confirm?: ConfirmSigner | undefined;
  },
): Promise<string | undefined> {
  if (signed === undefined) {
    if (!mustBeSigned(context, plugin)) return undefined;
    throw unsigned(plugin);
  }
  const signer = await signerOf(context, plugin, signed, confirm);
  if (signer !== undefined) checkListed(plugin, signed, files);
  return signer;
}

async function signerOf(
  context: StoreContext,
  plugin: SignedPlugin,
  signed: SignedSums,
  confirm: ConfirmSigner | undefined,
): Promise<string | undefined> {
  const { trust, verifier } = context;
  const release = { ...signed, name: plugin.name, version: plugin.version };
  if (trust.length > 0) return (await verifier.verify(release, trust)).signer;
  if (plugin.signer !== undefined) return await sameSigner(context, plugin, release, plugin.signer);
  // A key that nobody has confirmed, of a plugin that need not be signed, is as good as none: without the key it is taken as unsigned.
  if (confirm === undefined && context.mayBeUnsigned(plugin.source) && signed.publicKey === undefined) return undefined;
  const { signer } = await verifier.verify(release);
  await confirmed(context, { ...plugin, signer }, confirm);
  return signer;
}

async function sameSigner(
  { verifier }: StoreContext,
  plugin: SignedPlugin,
  release: Parameters<StoreContext['verifier']['verify']>[0],
  pinned: string,
): Promise<string> {
  try {
    return (await verifier.verify(release, [pinned])).signer;
  } catch (error) {
    const other = await verifier.verify(release).catch(() => undefined);
    if (other === undefined || other.signer === pinned) throw error;
    throw new StoreError(
      'ERR_SIGNER_CHANGED',
      `${plugin.name} ${plugin.version} from ${plugin.source} is signed by ${other.signer}, and the lock file names ${pinned}. ` +
        'Ask who publishes it, on another way than this source. If the key is new, trust both: `trust: [old, new]`.',
      { cause: error },
    );
  }
}

async function confirmed(
  { mayBeUnsigned }: StoreContext,
  { signer, name, version, source }: SignedPlugin & { readonly signer: string },
  confirm: ConfirmSigner | undefined,
): Promise<void> {
  if (confirm === undefined && mayBeUnsigned(source)) return;
  if ((await confirm?.({ signer, name, version, source })) === true) return;
  throw new StoreError(
    'ERR_SIGNATURE',
    `${name} ${version} from ${source} is signed by ${signer}, and nobody has said that this is who is to be trusted. ` +
      'Compare it with what the publisher says elsewhere, and name it in `trust`, or confirm it by `confirmSigner`.',
  );
}

/** The list is signed, and the files are not yet told to be those of the list. */
function checkListed({ name, version }: SignedPlugin, { sums }: SignedSums, files: readonly ListedFile[]): void {
  const listed = parseSums(sums);
  const digests = new Set<string>(listed.values());
  for (const { fileName, digest } of files) {
    const there = fileName === undefined ? digests.has(digest) : listed.get(fileName) === digest;
    if (there) continue;
    throw new StoreError(
      'ERR_SIGNATURE',
      `The signed list of ${name} ${version} does not have ${fileName ?? 'the archive'} with the digest ${digest}: it is not what was signed.`,
    );
  }
}

function unsigned({ name, version, source, signer }: SignedPlugin): StoreError {
  const before = signer === undefined ? '' : `, and was signed by ${signer} before`;
  const advice =
    signer === undefined
      ? "Ask who publishes it for a signature, or take it unsigned: `unsigned: 'allow'`."
      : 'Ask who publishes it.';
  return new StoreError('ERR_UNSIGNED', `${name} ${version} from ${source} is not signed${before}. ${advice}`);
}

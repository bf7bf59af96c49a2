import { OptionsError } from 'rxplug';
import type { UnknownSigner } from '../../operations/context.js';
import { quote } from '../../quote.js';
import type { CliContext } from '../context.js';
import { print } from '../output.js';
import { progressOn } from '../progress.js';
import { canAsk, confirm } from '../prompt.js';
import { type StoreFlags, storeOf } from '../store-flags.js';

export interface AddFlags extends StoreFlags {
  readonly as?: string;
  readonly range?: string;
  readonly name?: string;
  readonly binary?: string;
  readonly platform?: readonly string[];
  readonly yes: boolean;
}

/** `rxplug plugin add ADDRESS` */
export async function add(this: CliContext, flags: AddFlags, address: string): Promise<void> {
  const { as, range, name, binary, platform, yes } = flags;
  const { onProgress, end } = progressOn(this.stderr);
  const confirmSigner = async (unknown: UnknownSigner): Promise<boolean> => {
    if (yes) return true;
    end();
    return canAsk(this) && (await confirm(this, questionOf(unknown)));
  };
  const added = await storeOf(this, flags)
    .add(addressOf(address, binary), {
      ...(as !== undefined && { as }),
      ...(range !== undefined && { range }),
      ...(name !== undefined && { name }),
      ...(platform !== undefined && { platforms: platform }),
      confirmSigner,
      onProgress,
    })
    .finally(end);
  const { key, version, signer } = added;
  print(this, flags, added, [
    `${key} is ${added.name} ${version}, for ${Object.keys(added.platforms).sort().join(', ')}`,
    signer === undefined ? 'It is not signed.' : `Signed by ${signer}, and from now on by no other.`,
  ]);
}

function addressOf(address: string, binary: string | undefined): string {
  if (binary === undefined) return address;
  if (address.startsWith('oci:') && !address.includes('#')) return `${address}#${binary}`;
  throw new OptionsError(
    `--binary is for container images: expected it with an address such as oci://ghcr.io/acme/kv, got ${quote(address)}.`,
  );
}

function questionOf({ signer, name, version, source }: UnknownSigner): string {
  return [
    `${name} ${version} from ${source} is signed by`,
    `  ${signer}`,
    'Compare the key with what the publisher says elsewhere. Is this who is to be trusted?',
  ].join('\n');
}

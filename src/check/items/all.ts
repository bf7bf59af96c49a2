import { OptionsError } from '../../errors.js';
import { BROKER_ITEMS } from './broker.js';
import { ENDING_ITEMS } from './ending.js';
import { GRPC_ITEMS } from './grpc.js';
import type { CheckItem } from './item.js';
import { LOAD_ITEMS } from './load.js';
import { MULTIPLEXING_ITEMS } from './multiplexing.js';
import { NET_RPC_ITEMS } from './net-rpc.js';
import { OUTPUT_ITEMS } from './output.js';
import { START_ITEMS } from './start.js';
import { TLS_ITEMS } from './tls.js';

/** Everything that is checked, in the order in which it is told. */
export const ITEMS: readonly CheckItem[] = [
  ...START_ITEMS,
  ...TLS_ITEMS,
  ...GRPC_ITEMS,
  ...LOAD_ITEMS,
  ...NET_RPC_ITEMS,
  ...OUTPUT_ITEMS,
  ...MULTIPLEXING_ITEMS,
  ...BROKER_ITEMS,
  ...ENDING_ITEMS,
];

/** The items with these ids or letters, without those. Throws OptionsError for one that there is not. */
export function selectItems(only: readonly string[] | undefined, skip: readonly string[] = []): readonly CheckItem[] {
  for (const name of [...(only ?? []), ...skip]) {
    if (!ITEMS.some((item) => isNamed(item, name)))
      throw new OptionsError(
        `There is no item ${JSON.stringify(name)} to check. Expected an id such as T-04, or one of the letters ${LETTERS}.`,
      );
  }
  const isWanted = (item: CheckItem): boolean => only === undefined || only.some((name) => isNamed(item, name));
  return ITEMS.filter((item) => isWanted(item) && !skip.some((name) => isNamed(item, name)));
}

const LETTERS = [...new Set(ITEMS.map(({ id }) => id[0]))].join(', ');

function isNamed({ id }: CheckItem, name: string): boolean {
  const wanted = name.toUpperCase();
  return id === wanted || id[0] === wanted;
}

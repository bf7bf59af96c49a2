import { randomUUID } from 'node:crypto';
import { readEnvironment } from './table.js';

/**
 * On Linux all descendants of a plugin inherit this variable, so that they are found in any process group and under any parent. A program
 * that is to outlive the plugin is started in a session of its own and without this variable.
 */
export const TREE_VARIABLE = 'RXPLUG_PROCESS_TREE';

const ASSIGNMENT = `${TREE_VARIABLE}=`;

/** A new value of TREE_VARIABLE. A host that is a plugin itself prefixes its own value, so that the outer host finds both trees. */
export function createMark(inherited: string | undefined): string {
  // 15 of the 16 digits are random. Node keeps random bytes for this call alone.
  const own = randomUUID().replaceAll('-', '').slice(0, 16);
  return inherited === undefined || inherited === '' ? own : `${inherited}/${own}`;
}

/** The mark with which a process of Linux was started; undefined without one, and when it cannot be read. */
export function markOf(pid: number): string | undefined {
  const found = readEnvironment(pid).find((variable) => variable.startsWith(ASSIGNMENT));
  return found?.slice(ASSIGNMENT.length);
}

/** Whether a mark is `own`, or of what was started below it. */
export function isMarkOf(own: string, mark: string | undefined): boolean {
  return mark !== undefined && (mark === own || mark.startsWith(`${own}/`));
}

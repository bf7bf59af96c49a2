import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { StoreError } from './errors.js';
import { describeOwner, isGone } from './owner.js';

/** How often, and how many times, it is looked whether another program has ended its change. */
const POLL_MS = 20;
const MAX_POLLS = 500;

/**
 * Runs a change of a file while nobody else runs one, also of other programs: a file beside it, `FILE.edit`, names the program that does.
 * One that was killed does not hold up the next. Rejects with StoreError ERR_LOCK when another takes longer than ten seconds, and as the
 * change does.
 */
export async function asOnlyEditor<T>(file: string, change: () => Promise<T>): Promise<T> {
  const mark = `${file}.edit`;
  await takeMark(mark, file);
  try {
    return await change();
  } finally {
    await rm(mark, { force: true });
  }
}

/** As long as the mark is there, nobody else makes it. */
async function takeMark(mark: string, file: string): Promise<void> {
  for (let poll = 0; poll < MAX_POLLS; poll += 1) {
    if (create(mark)) return;
    if (!removeOfGone(mark)) await wait(POLL_MS);
  }
  throw new StoreError(
    'ERR_LOCK',
    `Another program has been changing ${file} for ${(POLL_MS * MAX_POLLS) / 1000} s. If none is, remove ${mark}, and ${removingOf(mark)} if it is there.`,
  );
}

/** Without a turn of the event loop in between, so that hardly anybody sees it without its owner. */
function create(mark: string): boolean {
  try {
    const descriptor = openSync(mark, 'wx', 0o666);
    try {
      writeSync(descriptor, describeOwner());
    } finally {
      closeSync(descriptor);
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Removes the mark of a program that was killed. One program at a time does so: between a look and the removal the mark of one that has
 * just ended may have become another's.
 */
function removeOfGone(mark: string): boolean {
  if (!isOfGone(mark)) return false;
  const removing = removingOf(mark);
  if (!create(removing)) return false;
  try {
    if (!isOfGone(mark)) return false;
    rmSync(mark, { force: true });
    return true;
  } finally {
    rmSync(removing, { force: true });
  }
}

function isOfGone(mark: string): boolean {
  try {
    return isGone(readFileSync(mark, 'latin1'));
  } catch {
    return false;
  }
}

function removingOf(mark: string): string {
  return `${mark}.removing`;
}

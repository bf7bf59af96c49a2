import type { Delivery } from '../errors.js';

const SENTENCES: Readonly<Record<Delivery, string>> = {
  none: 'The call was not sent.',
  unknown: 'The call may have been executed.',
};

/** The message of a call that the loss of its peer has ended: why, and whether the call can have reached the peer. */
export function lostCallMessage(why: string, delivery: Delivery): string {
  return `${why} ${SENTENCES[delivery]}`;
}

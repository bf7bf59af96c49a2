import { StoreError } from '../../errors.js';
import { quote } from '../../quote.js';
import { requireSafe, shown } from '../http/address.js';
import type { HttpClient } from '../http/client.js';
import { download } from '../http/download.js';
import { refusal } from '../http/failure.js';
import type { Place } from './place.js';

/** The files of a web server. Locations are addresses; `authorization` is sent to the origin of the index only. */
export function webPlace(http: HttpClient, base: URL, authorization?: string): Place {
  const { insecure } = http.options;
  const headers = (url: URL) => (authorization === undefined || url.origin !== base.origin ? {} : { authorization });
  return {
    locate: (reference, from) => locate(reference, new URL(from), insecure),
    read: async (location, maxBytes, { signal }) => {
      const url = new URL(location);
      const answer = await http.read({ url, headers: headers(url), signal }, maxBytes);
      if (answer.status !== 200) throw refusal(url, 'GET', answer);
      return answer.bytes;
    },
    open: ({ location, size }, options) => {
      const url = new URL(location);
      requireSafe(url, insecure);
      return download(http, { url, headers: headers(url), size, ...options });
    },
  };
}

/** Another origin has to be named in full, with https. */
function locate(reference: string, from: URL, insecure: boolean): string {
  const isAbsolute = /^https?:\/\//.test(reference);
  const url = URL.canParse(reference, from.href) ? new URL(reference, from) : undefined;
  if (url === undefined || (!isAbsolute && url.origin !== from.origin) || reference.includes('\\'))
    throw new StoreError(
      'ERR_SOURCE',
      `${shown(from)} refers to ${quote(reference)}: expected an address relative to it, or one that begins with https://.`,
    );
  requireSafe(url, insecure);
  return url.href;
}

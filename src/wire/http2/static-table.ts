/** Entries of HPACK's static table (RFC 7541 Appendix A): `name=value`, index 1 first. */
const ENTRIES =
  ':authority=|:method=GET|:method=POST|:path=/|:path=/index.html|:scheme=http|:scheme=https|:status=200|:status=204|:status=206|' +
  ':status=304|:status=400|:status=404|:status=500|accept-charset=|accept-encoding=gzip, deflate|accept-language=|accept-ranges=|' +
  'accept=|access-control-allow-origin=|age=|allow=|authorization=|cache-control=|content-disposition=|content-encoding=|' +
  'content-language=|content-length=|content-location=|content-range=|content-type=|cookie=|date=|etag=|expect=|expires=|from=|' +
  'host=|if-match=|if-modified-since=|if-none-match=|if-range=|if-unmodified-since=|last-modified=|link=|location=|max-forwards=|' +
  'proxy-authenticate=|proxy-authorization=|range=|referer=|refresh=|retry-after=|server=|set-cookie=|strict-transport-security=|' +
  'transfer-encoding=|user-agent=|vary=|via=|www-authenticate=';

const pairs = ENTRIES.split('|').map((entry) => entry.split('='));

/** Names by index; index 0 does not exist. */
export const STATIC_NAMES: readonly string[] = ['', ...pairs.map(([name = '']) => name)];

/** Values by index; index 0 does not exist. */
export const STATIC_VALUES: readonly string[] = ['', ...pairs.map(([, value = '']) => value)];

/** Number of entries; indices of the dynamic table follow them. */
export const STATIC_ENTRIES = pairs.length;

/** What an entry of a table, or a field of a header list, counts in addition to its text (RFC 7541 §4.1, RFC 9113 §6.5.2). */
export const ENTRY_OVERHEAD_BYTES = 32;

/** The table size that both ends start with (RFC 9113 §6.5.2). */
export const DEFAULT_TABLE_BYTES = 4096;

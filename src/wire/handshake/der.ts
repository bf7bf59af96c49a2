/** Whether the bytes are one ASN.1 SEQUENCE of definite length, as a certificate is. Its content is not parsed. */
export function isDerSequence(der: Uint8Array): boolean {
  const [tag, length] = der;
  if (tag !== 0x30 || length === undefined) return false;
  if (length < 0x80) return der.length === 2 + length;
  const octets = length & 0x7f;
  if (octets === 0 || octets > 3 || der.length < 2 + octets) return false;
  const size = der.subarray(2, 2 + octets).reduce((value, octet) => value * 256 + octet, 0);
  return der.length === 2 + octets + size;
}

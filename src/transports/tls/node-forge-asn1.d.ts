/** node-forge ships no types for its single modules; the module's export is the `asn1` namespace itself. */
declare module 'node-forge/lib/asn1.js' {
  import type { asn1 } from 'node-forge';

  const module: typeof asn1;
  export default module;
}

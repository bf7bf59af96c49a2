import { OptionsError } from '../errors.js';

/** Throws OptionsError for a standard (TC39) decorator's second argument, a context object. */
export function refuseStandardDecorator(decorator: string, keyOrContext: unknown): void {
  if (typeof keyOrContext !== 'object' || keyOrContext === null) return;
  throw new OptionsError(
    `${decorator} was applied as a standard decorator, but inversify's injection needs TypeScript's own. ` +
      'Set `experimentalDecorators` to true in the tsconfig.json that your compiler reads (tsx, esbuild and swc read it, too), or do ' +
      "without decorators: inversify's `decorate(inject(token), Class, 0)`, or `bind(Class).toResolvedValue((a) => new Class(a), [token])`.",
  );
}

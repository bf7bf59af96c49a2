import type { Message, Metafile } from 'esbuild';

/** Of a file, those of the program's files that lead to it: the entry first, itself last. The shortest way; the file alone if there is none. */
export function importChain({ inputs }: Metafile, entry: string, file: string): readonly string[] {
  const cameFrom = new Map<string, string | undefined>([[entry, undefined]]);
  for (const [path] of cameFrom) {
    if (path === file) return wayTo(file, cameFrom);
    for (const next of inputs[path]?.imports ?? []) {
      if (next.external !== true && !cameFrom.has(next.path)) cameFrom.set(next.path, path);
    }
  }
  return [file];
}

function wayTo(file: string, cameFrom: ReadonlyMap<string, string | undefined>): readonly string[] {
  const way: string[] = [];
  for (let at: string | undefined = file; at !== undefined; at = cameFrom.get(at)) way.unshift(at);
  return way;
}

/** The package of a file, by its path: `express`, `@grpc/grpc-js`; undefined for one of the user's own. */
export function packageOf(file: string): string | undefined {
  return /.*(?:^|[/\\])node_modules[/\\]((?:@[^/\\]+[/\\])?[^/\\]+)/.exec(file)?.[1]?.replaceAll('\\', '/');
}

/** What esbuild warns of that a program in one file cannot do: `require` of a name that is known only when it runs. */
export function dynamicRequires(
  warnings: readonly Message[],
  allowed: readonly string[],
): readonly { readonly file: string; readonly line: number; readonly text: string }[] {
  return warnings.flatMap(({ id, location }) => {
    if (id !== 'unsupported-require-call' || location === null) return [];
    const owner = packageOf(location.file);
    if (owner !== undefined && allowed.includes(owner)) return [];
    return [{ file: location.file, line: location.line, text: location.lineText.trim() }];
  });
}

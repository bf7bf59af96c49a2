const USAGE = `This is an internal command: it is started with exactly one argument, the name of a plugin.
It is not meant to be run by hand.
`;

/** Which of a program's plugins its only argument names, or the message for the user of a wrong argument (go-plugin server_mux.go). */
export function selectPlugin(
  names: readonly string[],
  args: readonly string[],
): { readonly name: string } | { readonly error: string } {
  const [name] = args;
  if (args.length !== 1 || name === undefined) return { error: USAGE };
  return names.includes(name) ? { name } : { error: `Unknown plugin: ${name}\n` };
}

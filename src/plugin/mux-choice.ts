const IMPROPER = `This is an internal command: it is started with exactly one argument, the name of a plugin.
It is not meant to be run by hand.
`;

/** Which of several plugins of one program is asked for, or what a person is told who asks wrongly (go-plugin server_mux.go). */
export function muxChoice(
  names: readonly string[],
  args: readonly string[],
): { readonly name: string } | { readonly complaint: string } {
  const [name] = args;
  if (args.length !== 1 || name === undefined) return { complaint: IMPROPER };
  return names.includes(name) ? { name } : { complaint: `Unknown plugin: ${name}\n` };
}

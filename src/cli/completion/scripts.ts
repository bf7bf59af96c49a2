/** The word that makes the command print completions in place of running. */
export const COMPLETE = '__complete';

/** Words are completed by the command itself, so that a script stays right when the command gets other flags. Files are the shell's. */
const BASH = `_rxplug() {
  local IFS=$'\\n'
  COMPREPLY=($(rxplug ${COMPLETE} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _rxplug rxplug
`;

const ZSH = `#compdef rxplug
_rxplug() {
  local -a found
  found=("\${(@f)$(rxplug ${COMPLETE} "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "$found" ]]; then compadd -a found; else _files; fi
}
if [[ "$funcstack[1]" == _rxplug ]]; then _rxplug; else compdef _rxplug rxplug; fi
`;

export const SCRIPTS = { bash: BASH, zsh: ZSH } as const;

export type Shell = keyof typeof SCRIPTS;

import { quoteText } from '../../wire/quote.js';
import type { ContainerEngine } from './engine.js';
import { textOf } from './json.js';
import type { ContainerLimits, ResolvedContainerOptions } from './options.js';
import type { ContainerEnd } from './running-container.js';

const MEBIBYTE = 1 << 20;

/** The exit code of a container that SIGKILL ended: 128 + 9. */
const KILLED = 137;

const USUAL_CAUSES =
  'This usually means that the program in the image is not a plugin, needs something that is missing in the image or exceeds a limit, or ' +
  'cannot write to its socket directory. Run the image by hand to see its output.';

/** Node's architectures by the names that images carry (Go's GOARCH). */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  '386': 'ia32',
  amd64: 'x64',
  arm: 'arm',
  arm64: 'arm64',
  ppc64le: 'ppc64',
  riscv64: 'riscv64',
  s390x: 's390x',
};

/** Messages of engines and their runtimes about a container that cannot start, and what to do. The first match is used. */
const CURES: readonly (readonly [said: RegExp, cure: (options: ResolvedContainerOptions) => string])[] = [
  [
    /no such image|image not known/i,
    ({ image }) => `There is no image ${image} on this engine: build, load or pull it first.`,
  ],
  [/exec format error/i, ({ image }) => `The program of ${image} is for another architecture, or is not a program.`],
  [
    /rlimit/i,
    () => 'The limits are above those of the engine itself: lower `limits.openFiles` and `limits.userProcesses`.',
  ],
  [
    /cgroup/i,
    () =>
      'The engine cannot limit memory, processes or processors here: set those of `limits` to null, or enable its cgroups.',
  ],
  [
    /bind source path|error mounting|statfs|mount.* no such file/i,
    () => 'The source of a mount does not exist on the engine’s machine, or the engine has no permission to read it.',
  ],
  [
    /permission denied/i,
    ({ image }) =>
      `The container's user has no permission to execute the program: check its mode in ${image} and the \`user\` option.`,
  ],
  [
    /executable file not found|no such file or directory|not found/i,
    ({ image, command }) =>
      `The image ${image} has no program ${command === undefined ? 'of that name' : quoteText(command[0])}, or not its loader or interpreter.`,
  ],
];

/** Why the engine refused a container, with its message, as text for the user. */
export function explainRefusal(message: string, options: ResolvedContainerOptions): string {
  const cure = CURES.find(([said]) => said.test(message))?.[1](options) ?? '';
  return `The container of ${options.image} could not be started. ${cure}${cure === '' ? '' : ' '}The engine reports ${quoteText(message)}.`;
}

/** Why a container was killed, if not by this host: a line for its log. Empty for any other exit. */
export function explainKill(end: ContainerEnd, { memoryBytes }: Required<ContainerLimits>): string {
  const limit = memoryBytes === null ? 'no limit set' : `limit ${Math.round(memoryBytes / MEBIBYTE)} MiB`;
  const cure = `(${limit}): raise \`limits.memoryBytes\`, or let the plugin use less.`;
  if (end.outOfMemory) return `The container ran out of memory and was killed ${cure}`;
  // Not every engine reports why the kernel killed a container: podman 4.3 on cgroups v1 does not.
  if (end.exit.code !== KILLED || end.killed) return '';
  return `The container was killed, not by this host: probably it ran out of memory ${cure}`;
}

/** What is known about a container that printed no handshake. */
export interface ContainerFacts {
  /** How it ended; undefined while it runs. */
  readonly end: ContainerEnd | undefined;
  /** The beginning of its stderr, where the runtime reports why the program could not be executed. */
  readonly stderrHead: string;
}

/** Why a plugin in a container printed no handshake, as text for the user. Never rejects. */
export async function diagnoseContainer(
  engine: ContainerEngine,
  options: ResolvedContainerOptions,
  { end, stderrHead }: ContainerFacts,
): Promise<string> {
  const refusal = /^exec .*: (exec format error|permission denied|no such file or directory)/m.exec(stderrHead)?.[0];
  const findings = [
    ...[refusal, end?.error].flatMap((said) =>
      said === undefined || said === '' ? [] : explainRefusal(said, options),
    ),
    end === undefined ? '' : explainKill(end, options.limits),
    await wrongArchitecture(engine, options.image).catch((error: Error) => error.message),
  ].filter((finding) => finding !== '');
  const notes = [
    `Image: ${options.image}`,
    `User: ${options.user ?? 'the owner of the socket directory'}`,
    ...(end === undefined ? [] : [`Exit code: ${end.exit.code ?? 'unknown'}${explainCode(end.exit.code)}`]),
  ];
  return [...(findings.length === 0 ? [USUAL_CAUSES] : findings), ...notes.map((note) => `  ${note}`)].join('\n');
}

async function wrongArchitecture(engine: ContainerEngine, image: string): Promise<string> {
  const { status, body } = await engine.call('GET', `/images/${encodeURI(image)}/json`);
  if (status === 404) return `There is no image ${image} on this engine: build, load or pull it first.`;
  const name = textOf(body, 'Architecture') ?? '';
  const architecture = ARCHITECTURES[name] ?? name;
  if (architecture === '' || architecture === process.arch) return '';
  return `The image ${image} is for ${name}, this is ${process.arch}: get or build it for this architecture.`;
}

function explainCode(code: number | null): string {
  if (code === 126) return ' (the program cannot be executed)';
  if (code === 127) return ' (the program, or a library of it, was not found)';
  if (code !== null && code > 128 && code < 160) return ` (ended by signal ${code - 128})`;
  return '';
}

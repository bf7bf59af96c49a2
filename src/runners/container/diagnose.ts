import { quoteText } from '../../wire/quote.js';
import type { ContainerEngine } from './engine.js';
import { textOf } from './json.js';
import type { ContainerEnd } from './life.js';
import type { ContainerLimits, ResolvedContainerOptions } from './options.js';

const MEBIBYTE = 1 << 20;

/** 128 and SIGKILL's number. */
const KILLED = 137;

const USUAL_CAUSES =
  'This usually means that the program in the image is no plugin, needs something that the image or the limits do not give it, or ' +
  'cannot write to its directory for sockets. Run the image by hand to see what it says.';

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

/** What engines and their runtimes say when a container cannot begin, and what to do about it. The first that matches counts. */
const CURES: readonly (readonly [said: RegExp, cure: (options: ResolvedContainerOptions) => string])[] = [
  [
    /no such image|image not known/i,
    ({ image }) => `There is no image ${image} on this engine: build, load or pull it first.`,
  ],
  [/exec format error/i, ({ image }) => `The program of ${image} is not for this architecture, or no program at all.`],
  [
    /rlimit/i,
    () =>
      'The engine sets limits that are above its own: set `limits.openFiles` and `limits.userProcesses` to lower ones.',
  ],
  [
    /cgroup/i,
    () =>
      'The engine cannot limit memory, processes or processors here: set those of `limits` to null, or enable its cgroups.',
  ],
  [
    /bind source path|error mounting|statfs|mount.* no such file/i,
    () => 'Something that is to be mounted does not exist on the engine’s machine, or the engine may not read it.',
  ],
  [
    /permission denied/i,
    ({ image }) =>
      `The program may not be executed by the container's user: check its mode in ${image} and the \`user\` option.`,
  ],
  [
    /executable file not found|no such file or directory|not found/i,
    ({ image, command }) =>
      `The image ${image} has no program ${command === undefined ? 'of that name' : quoteText(command[0])}, or lacks its loader or interpreter.`,
  ],
];

/** Why a container was refused, with the engine's own words, as text for the user. */
export function explainRefusal(message: string, options: ResolvedContainerOptions): string {
  const cure = CURES.find(([said]) => said.test(message))?.[1](options) ?? '';
  return `The container of ${options.image} could not be started. ${cure}${cure === '' ? '' : ' '}The engine says: ${quoteText(message)}.`;
}

/** Why a container was killed, if not by us: what its log ends with. Nothing for any other end. */
export function explainDeath(end: ContainerEnd, { memoryBytes }: Required<ContainerLimits>): string {
  const limit = memoryBytes === null ? 'no limit of ours' : `limit ${Math.round(memoryBytes / MEBIBYTE)} MiB`;
  const cure = `(${limit}): raise \`limits.memoryBytes\`, or let the plugin use less.`;
  if (end.outOfMemory) return `The container ran out of memory and was killed ${cure}`;
  // Not every engine sees what its kernel killed a container for: podman 4.3 on cgroups v1 does not.
  if (end.exit.code !== KILLED || end.killed) return '';
  return `The container was killed, not by this host: probably it ran out of memory ${cure}`;
}

/** What is known of a container that did not speak. */
export interface ContainerFacts {
  /** How it ended; undefined while it lives. */
  readonly end: ContainerEnd | undefined;
  /** The beginning of its stderr: there the runtime says why it could not begin. */
  readonly firstWords: string;
}

/** Why a plugin in a container did not speak, as text for the user. Never rejects. */
export async function diagnoseContainer(
  engine: ContainerEngine,
  options: ResolvedContainerOptions,
  { end, firstWords }: ContainerFacts,
): Promise<string> {
  const refusal = /^exec .*: (exec format error|permission denied|no such file or directory)/m.exec(firstWords)?.[0];
  const findings = [
    ...[refusal, end?.error].flatMap((said) =>
      said === undefined || said === '' ? [] : explainRefusal(said, options),
    ),
    end === undefined ? '' : explainDeath(end, options.limits),
    await wrongArchitecture(engine, options.image).catch((error: Error) => error.message),
  ].filter((finding) => finding !== '');
  const notes = [
    `Image: ${options.image}`,
    `User: ${options.user ?? 'as chosen for the directory for sockets'}`,
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

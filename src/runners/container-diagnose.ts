import { quoteText } from '../wire/quote.js';
import type { ContainerEngine } from './container-engine.js';
import { textOf } from './container-json.js';
import type { ContainerEnd } from './container-life.js';
import type { ContainerLimits, ResolvedContainerOptions } from './container-options.js';

const MEBIBYTE = 1 << 20;

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

/** What a container's log ends with if it was killed for its memory; nothing otherwise. */
export function outOfMemoryText({ outOfMemory }: ContainerEnd, { memoryBytes }: Required<ContainerLimits>): string {
  if (!outOfMemory) return '';
  const limit = memoryBytes === null ? 'no limit of ours' : `limit ${Math.round(memoryBytes / MEBIBYTE)} MiB`;
  return `The container ran out of memory and was killed (${limit}): raise \`limits.memoryBytes\`.`;
}

/** Why a plugin in a container did not speak, as text for the user. Never rejects. */
export async function diagnoseContainer(
  engine: ContainerEngine,
  options: ResolvedContainerOptions,
  end: ContainerEnd | undefined,
): Promise<string> {
  const findings = [
    end === undefined ? '' : outOfMemoryText(end, options.limits),
    end === undefined || end.error === '' ? '' : explainRefusal(end.error, options),
    await wrongArchitecture(engine, options.image).catch((error: Error) => error.message),
  ].filter((finding) => finding !== '');
  const usual =
    'This usually means that the program in the image is no plugin, needs something that the image or the limits do not give it, or ' +
    'cannot write to its directory for sockets. Run the image by hand to see what it says.';
  const notes = [
    `Image: ${options.image}`,
    `User: ${options.user ?? 'as chosen for the directory for sockets'}`,
    ...(end === undefined ? [] : [`Exit code: ${end.exit.code ?? 'unknown'}${explainCode(end.exit.code)}`]),
  ];
  return [...(findings.length === 0 ? [usual] : findings), ...notes.map((note) => `  ${note}`)].join('\n');
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
  if (code === 137) return ' (killed: by somebody, or for its memory)';
  if (code !== null && code > 128 && code < 160) return ` (ended by signal ${code - 128})`;
  return '';
}

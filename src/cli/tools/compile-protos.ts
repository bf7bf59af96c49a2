import { access, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { UsageError } from '../process/exit-code.js';
import { protoFilesIn } from './proto-files.js';
import { findTool, runTool } from './tool.js';

/** Whether a path is source, which has to be compiled to a descriptor set: a .proto file, or a folder of them. */
export async function isProtoSource(path: string): Promise<boolean> {
  if (path.endsWith('.proto')) return true;
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/**
 * Compiles a .proto file, or a folder of them, by whichever of buf and protoc is installed, and resolves with a serialized descriptor set.
 * Imports are looked for in the folder. Throws UsageError, with what to install or with what the compiler says.
 */
export async function compileProtos(path: string): Promise<Buffer> {
  const isFile = path.endsWith('.proto');
  const directory = resolve(isFile ? dirname(path) : path);
  const files = isFile ? [await existing(path)] : await protoFilesIn(directory);
  const tool = await findTool(['buf', 'protoc'], process.cwd());
  if (tool === undefined) {
    throw new UsageError(
      `Cannot compile ${path}: neither buf nor protoc is installed. Install one, as with npm install --save-dev @bufbuild/buf, or give the file that buf build ${isFile ? dirname(path) : path} -o FILE.binpb has written elsewhere.`,
    );
  }
  return tool.name === 'buf' ? buildWithBuf(tool.file, directory, files) : buildWithProtoc(tool.file, directory, files);
}

async function existing(path: string): Promise<string> {
  try {
    await access(path);
    return basename(path);
  } catch (error) {
    throw new UsageError(`Cannot read ${path}: ${(error as Error).message}`);
  }
}

async function buildWithBuf(buf: string, directory: string, files: readonly string[]): Promise<Buffer> {
  const paths = files.flatMap((file) => ['--path', join(directory, file)]);
  return runTool(buf, ['build', directory, ...paths, '--as-file-descriptor-set', '-o', '-#format=binpb'], directory);
}

async function buildWithProtoc(protoc: string, directory: string, files: readonly string[]): Promise<Buffer> {
  const temporary = await mkdtemp(join(tmpdir(), 'rxplug-protoc-'));
  try {
    const output = join(temporary, 'set.binpb');
    await runTool(
      protoc,
      [`-I${directory}`, '--include_imports', `--descriptor_set_out=${output}`, ...files],
      directory,
    );
    return await readFile(output);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

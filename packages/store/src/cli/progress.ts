import type { InstallProgress } from '../operations/context.js';
import { shown } from './failure.js';
import type { OutputStream } from './store-context.js';

const CLEAR_LINE = '\r\x1b[2K';

/** Tells on one line of a terminal how far an installation is; nothing anywhere else. `end` clears the line. */
export interface Progress {
  readonly onProgress: (progress: InstallProgress) => void;
  readonly end: () => void;
}

/** Writes only when the text changes, which is at most a hundred times for a download. */
export function progressOn(stream: OutputStream): Progress {
  if (stream.isTTY !== true) return { onProgress: () => undefined, end: () => undefined };
  let last = '';
  const write = (text: string): void => {
    if (text === last) return;
    stream.write(CLEAR_LINE + shown(text));
    last = text;
  };
  return {
    onProgress: (progress) => write(textOf(progress)),
    end: () => {
      if (last !== '') stream.write(CLEAR_LINE);
      last = '';
    },
  };
}

function textOf({ key, version, platform, phase, bytes, totalBytes }: InstallProgress): string {
  const share = totalBytes === 0 ? 100 : Math.floor((bytes / totalBytes) * 100);
  return `${key} ${version} ${platform}  ${phase}${phase === 'download' ? `  ${share} %` : ''}`;
}

import { readFileSync, rmSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { type ReattachConfig, TERRAFORM_REATTACH_VARIABLE, terraformReattach } from 'rxplug';

/** A file with a reattach configuration, as long as the plugin in it runs. */
export class ReattachFile {
  readonly #path: string;
  #content: string | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Whoever reads the file finds the old content or the new one, never half of it. */
  async write(config: ReattachConfig): Promise<void> {
    const content = `${JSON.stringify(config)}\n`;
    const draft = `${this.#path}.${process.pid}`;
    await writeFile(draft, content, { mode: 0o600 });
    await rename(draft, this.#path);
    this.#content = content;
  }

  /** Unless somebody else has written it since. At once, since it is called when the process ends. */
  readonly remove = (): void => {
    try {
      if (readFileSync(this.#path, 'utf8') === this.#content) rmSync(this.#path);
    } catch {}
  };
}

/** The line for a shell in which Terraform is to use the plugin. In test mode Terraform does not end it. */
export function terraformLine(address: string, config: ReattachConfig): string {
  const value = terraformReattach({ [address]: { ...config, test: true } });
  return `${TERRAFORM_REATTACH_VARIABLE}='${value.replaceAll("'", String.raw`'\''`)}'\n`;
}

/** Takes Terraform's protocol 6 from the Go module that has it. Without Go, README.md says where else it is. */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MODULE = 'github.com/hashicorp/terraform-plugin-go@v0.31.0';
const { Dir } = JSON.parse(execFileSync('go', ['mod', 'download', '-json', MODULE], { encoding: 'utf8' }));
const folder = fileURLToPath(new URL('../proto', import.meta.url));
mkdirSync(folder, { recursive: true });
const file = join(folder, 'tfplugin6.proto');
copyFileSync(join(Dir, 'tfprotov6/internal/tfplugin6/tfplugin6.proto'), file);
// Go's module cache is read-only.
chmodSync(file, 0o644);

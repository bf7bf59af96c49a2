import { fileURLToPath } from 'node:url';

/** What each template is, in the order in which they are offered. The first is the default. */
export const TEMPLATES = {
  'plugin-and-host': 'a plugin, and a host in Node that starts it',
  'plugin-for-go-host': 'a plugin for a host in Go, with such a host',
  promise: 'a plugin and a host with async and await, and protobuf-es',
  'nestjs-host': 'an application of NestJS that starts a plugin',
  'terraform-provider': 'a provider for Terraform and OpenTofu',
};

/** The folder of a template. */
export function templateFolder(name) {
  return fileURLToPath(new URL(`../templates/${name}`, import.meta.url));
}

/** A line for each. */
export function describeTemplates() {
  return Object.entries(TEMPLATES)
    .map(([name, what]) => `  ${name.padEnd(20)}${what}`)
    .join('\n');
}

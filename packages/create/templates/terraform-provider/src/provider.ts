import { implement, unimplemented } from 'rxplug';
import { GrpcError, status } from 'rxplug/grpc';
import { plugins } from './contract.js';
import { type File, type FileConfig, mistakesIn, planFile, readFileState, removeFile, writeFileState } from './file.js';
import { type Diagnostic, Diagnostic_Severity, ProviderDefinition } from './gen/tfplugin6.js';
import { FILE_SCHEMA, PROVIDER_SCHEMA } from './schema.js';
import { read, write } from './values.js';

/** What Terraform asks a provider, in the order in which it asks. What it does not need stays unimplemented. */
export const provider = implement(plugins.provider, ({ logger }) => {
  let configured: string | undefined;
  const folder = (): string => {
    if (configured !== undefined) return configured;
    throw new GrpcError(status.FAILED_PRECONDITION, 'the provider is not configured yet');
  };

  return {
    ...unimplemented(ProviderDefinition),

    getProviderSchema: () => ({ provider: PROVIDER_SCHEMA, resourceSchemas: { acme_file: FILE_SCHEMA } }),

    validateProviderConfig: () => ({ diagnostics: [] }),

    validateResourceConfig({ config }) {
      const mistakes = mistakesIn(read<FileConfig>(config)!);
      return { diagnostics: mistakes.map(({ attribute, summary, detail }) => error(summary, detail, attribute)) };
    },

    configureProvider({ config }) {
      configured = read<{ folder: string }>(config)?.folder;
      logger.debug('configured', { folder: configured });
      return { diagnostics: [] };
    },

    // Terraform stores the state as JSON. A schema with a higher version would change it here.
    upgradeResourceState: ({ rawState }) => ({
      upgradedState: { msgpack: new Uint8Array(), json: rawState?.json ?? new Uint8Array() },
    }),

    /** Whoever has changed the file: the plan then shows the difference. */
    async readResource({ currentState }) {
      const { path } = read<File>(currentState)!;
      return { newState: write(await readFileState(folder(), path)) };
    },

    planResourceChange({ priorState, proposedNewState }) {
      const [prior, proposed] = [read<File>(priorState), read<FileConfig>(proposedNewState)];
      if (proposed === undefined) return { plannedState: write(undefined) };
      const moves = prior !== undefined && prior.path !== proposed.path;
      return { plannedState: write(planFile(proposed)), requiresReplace: moves ? [pathTo('path')] : [] };
    },

    async applyResourceChange({ priorState, plannedState }) {
      const [prior, planned] = [read<File>(priorState), read<File>(plannedState)];
      try {
        if (planned !== undefined) return { newState: write(await writeFileState(folder(), planned)) };
        if (prior !== undefined) await removeFile(folder(), prior);
        return { newState: write(undefined) };
      } catch (cause) {
        // What is there is told all the same: Terraform keeps it in its state.
        return { newState: write(prior), diagnostics: [error('The file cannot be changed', String(cause), 'path')] };
      }
    },

    async importResourceState({ typeName, id }) {
      const file = await readFileState(folder(), id);
      if (file === undefined) return { diagnostics: [error('There is no such file', `${id} is not in ${folder()}.`)] };
      return { importedResources: [{ typeName, state: write(file) }] };
    },

    /** Terraform was interrupted: what runs may end early. */
    stopProvider: () => ({ Error: '' }),
  };
});

/** With an attribute Terraform shows the line of the configuration. */
function error(summary: string, detail: string, attribute?: string): Diagnostic {
  return {
    severity: Diagnostic_Severity.ERROR,
    summary,
    detail,
    attribute: attribute === undefined ? undefined : pathTo(attribute),
  };
}

function pathTo(attributeName: string) {
  return { steps: [{ selector: { $case: 'attributeName', attributeName } as const }] };
}

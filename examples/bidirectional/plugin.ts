import { inject } from 'inversify';
import { firstValueFrom } from 'rxjs';
import { type ClientOf, PluginService, type ServiceOf, serve } from 'rxplug';
import { BROKER } from 'rxplug/di';
import type { GrpcBroker } from 'rxplug/grpc';
import { type MergeRequest, MergerDefinition, RefereeDefinition } from '../gen/merge.js';
import { handshake } from './contract.js';

// #region borrow
@PluginService(MergerDefinition)
class Merger implements ServiceOf<typeof MergerDefinition> {
  constructor(@inject(BROKER) private readonly broker: GrpcBroker) {}

  merge(request: MergeRequest) {
    // A client for the referee whose id the host has passed. It is closed when this call ends, also when the host cancels.
    return this.broker.borrow(RefereeDefinition, request.referee, async (referee) => {
      return { merged: await merge(request, referee) };
    });
  }
}
// #endregion borrow

async function merge({ ours, theirs }: MergeRequest, referee: ClientOf<typeof RefereeDefinition>) {
  const merged = { ...theirs, ...ours };
  for (const [key, value] of Object.entries(theirs)) {
    if (ours[key] === undefined || ours[key] === value) continue;
    const { value: decided } = await firstValueFrom(referee.decide({ key, ours: ours[key], theirs: value }));
    merged[key] = decided;
  }
  return merged;
}

await serve({ handshake, plugins: { merger: Merger } });

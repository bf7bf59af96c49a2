import type { PluginError } from '../errors.js';
import { cannotHeal } from '../streams/cannot-heal.js';
import type { SupervisorEvent } from './events.js';
import type { Generation, GenerationEnd } from './generation.js';
import type { HealthReport } from './health.js';
import { type Observation, type Observing, observe } from './observe.js';
import type { Input } from './reducer.js';
import type { GenerationStop, StopCause } from './state.js';
import { unhealthy } from './statuses.js';

/** Where the life of a generation is told. */
export interface LifeListener extends Observing {
  send(input: Input): void;
  tell(event: SupervisorEvent): void;
  /** It takes calls, or takes them again. */
  available(): void;
  /** It did not come to serve. */
  failed(generation: Generation, error: PluginError): void;
  /** Somebody else has stopped the client, and so the plugin. */
  stop(): Promise<void>;
}

/** Runs a generation, and makes inputs of the reducer, and events, of what happens to it. */
export async function live(generation: Generation, after: Promise<unknown>, listener: LifeListener): Promise<void> {
  try {
    await generation.start(after);
  } catch (error) {
    return await onFailed(generation, error as PluginError, listener);
  }
  if (!generation.isEnding) onStarted(generation, listener);
}

function onStarted(generation: Generation, listener: LifeListener): void {
  const { watching } = generation;
  watching.add(generation.stopped$.subscribe((end) => void onStopped(generation, end, listener)));
  watching.add(generation.connected$.subscribe(() => listener.available()));
  watching.add(observe(generation, listener).subscribe((seen) => onObservation(generation, seen, listener)));
  listener.send({ type: 'started', generation: generation.generation });
  listener.tell({ type: 'started', generation: generation.generation, ...generation.named });
}

async function onFailed(generation: Generation, error: PluginError, listener: LifeListener): Promise<void> {
  const stop = await generation.describeStop('failed-start', error);
  if (generation.isEnding) return;
  listener.failed(generation, error);
  record(stop, listener, isPermanent(error));
}

async function onStopped(generation: Generation, end: GenerationEnd, listener: LifeListener): Promise<void> {
  // `cleanupClients`, for instance: the application ends its plugins.
  if (end === 'asked') return await listener.stop();
  const stop = await generation.describeStop(end.cause, end.error);
  if (!generation.isEnding) record(stop, listener);
}

function record(stop: GenerationStop, listener: LifeListener, permanent = false): void {
  listener.send({ type: 'stopped', stop, permanent });
  listener.tell({ type: 'stopped', generation: stop.generation, stop });
}

function onObservation(generation: Generation, observation: Observation, listener: LifeListener): void {
  switch (observation.type) {
    case 'health':
      return onHealth(generation, observation.report, listener);
    case 'unused':
      return listener.send({ type: 'unused' });
    case 'due':
      listener.tell({ type: 'recycled', generation: generation.generation, cause: observation.cause });
      return listener.send({ type: 'recycle', generation: generation.generation });
    case 'over-limit':
      return void condemn(generation, 'memory', listener);
  }
}

function onHealth(generation: Generation, report: HealthReport, listener: LifeListener): void {
  if (report.status === 'dead') return void condemn(generation, report.cause, listener);
  generation.isHeld = report.status === 'not-serving' && listener.supervision.health?.notServing !== 'ignore';
  listener.send({ type: 'health', generation: generation.generation, health: report });
}

/** Kills a generation that lives and is of no use. */
async function condemn(generation: Generation, cause: StopCause, listener: LifeListener): Promise<void> {
  if (generation.isEnding) return;
  const error = unhealthy(cause);
  generation.isHeld = true;
  const stop = await generation.describeStop(cause, error);
  generation.condemned = error;
  record(stop, listener);
}

/** Whether a start that failed with the error would fail again in the same way. */
function isPermanent(error: PluginError): boolean {
  return error.code === 'ERR_VERSION_CHANGED' || cannotHeal(error);
}

import type { PluginError } from '../errors.js';
import { cannotHeal } from '../streams/cannot-heal.js';

/** Whether a start that failed with the error would fail again in the same way. */
export function isPermanent(error: PluginError): boolean {
  return error.code === 'ERR_VERSION_CHANGED' || cannotHeal(error);
}

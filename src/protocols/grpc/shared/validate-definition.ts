import { OptionsError } from '../../../errors.js';
import type { ServiceDefinition } from './service-definition.js';

/** Throws OptionsError for a method under the key `then`: it would make the client a thenable, which `await` would wait for forever. */
export function validateDefinition({ fullName, methods }: ServiceDefinition): void {
  if (!Object.hasOwn(methods, 'then')) return;
  throw new OptionsError(
    `The service ${fullName} has a method with the key \`then\`, with which JavaScript takes its client for a Promise. Give the method ` +
      'another key: `{ ...definition, methods: { call: definition.methods.then } }`. Its name on the wire stays as it is.',
  );
}

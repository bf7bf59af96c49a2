import { OptionsError } from '../../errors.js';
import { describeValue } from '../option-names.js';

/** Environment variables without the undefined ones, as `process.env` types them. Throws OptionsError for a value that is no string. */
export function definedVariables(
  of: string,
  env: Readonly<Record<string, string | undefined>> | undefined = {},
): Record<string, string> {
  if (typeof env !== 'object' || env === null || Array.isArray(env))
    throw new OptionsError(`Expected \`env\` of ${of} to be an object of strings, got ${describeValue(env)}.`);
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries<unknown>(env)) {
    if (typeof value === 'string') variables[name] = value;
    else if (value !== undefined)
      throw new OptionsError(`Expected \`env.${name}\` of ${of} to be a string, got ${describeValue(value)}.`);
  }
  return variables;
}

import {
  type EnumDescriptorProto,
  EnumOptionsSchema,
  EnumValueOptionsSchema,
  SymbolVisibility,
} from '@bufbuild/protobuf/wkt';
import type { FileContext } from './field-text.js';
import { block, type Lines, withOptions } from './lines.js';
import { reservedNames, reservedRanges } from './reserved.js';

export function enumText(one: EnumDescriptorProto, scope: string, { options, syntax }: FileContext): Lines {
  return block(`${visibilityOf(one)}enum ${one.name}`, [
    ...options.print(EnumOptionsSchema, one.options, scope).map((option) => `option ${option};`),
    ...one.value.flatMap((value) =>
      withOptions(`${value.name} = ${value.number}`, options.print(EnumValueOptionsSchema, value.options, scope)),
    ),
    ...reservedRanges(one.reservedRange, 'enum'),
    ...reservedNames(one.reservedName, syntax),
  ]);
}

/** `export ` or `local `, which edition 2024 has. */
export function visibilityOf({ visibility }: { readonly visibility: SymbolVisibility }): string {
  if (visibility === SymbolVisibility.VISIBILITY_EXPORT) return 'export ';
  return visibility === SymbolVisibility.VISIBILITY_LOCAL ? 'local ' : '';
}

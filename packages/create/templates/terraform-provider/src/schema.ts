import { type Schema, type Schema_Attribute, StringKind } from './gen/tfplugin6.js';

type Kind = 'required' | 'optional' | 'computed';

const attribute = (name: string, kind: Kind, description: string): Schema_Attribute => ({
  name,
  // Types are JSON: "string", "number", ["list", "string"] …
  type: Buffer.from('"string"'),
  nestedType: undefined,
  description,
  descriptionKind: StringKind.PLAIN,
  required: kind === 'required',
  optional: kind === 'optional',
  computed: kind === 'computed',
  sensitive: false,
  deprecated: false,
  writeOnly: false,
  deprecationMessage: '',
});

const schema = (description: string, attributes: Schema_Attribute[]): Schema => ({
  version: 0n,
  block: {
    version: 0n,
    attributes,
    blockTypes: [],
    description,
    descriptionKind: StringKind.PLAIN,
    deprecated: false,
    deprecationMessage: '',
  },
});

export const PROVIDER_SCHEMA = schema('Files in a folder.', [attribute('folder', 'required', 'Where the files are.')]);

export const FILE_SCHEMA = schema('A text file.', [
  attribute('path', 'required', 'Its path, in the folder of the provider. A change makes a new file.'),
  attribute('content', 'required', 'What is in it.'),
  attribute('id', 'computed', 'Its path again: by it a file is imported.'),
  attribute('sha256', 'computed', 'The checksum of its content.'),
]);

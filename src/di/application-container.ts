/**
 * A `ContainerModule` of inversify, as far as the types of this library go. It is described here, so that programs without injection compile
 * where TypeScript cannot find inversify (`moduleResolution: node10`).
 */
export interface ContainerModule {
  readonly id: number;
  load(options: never): unknown;
}

/** A `Container` of inversify. */
export interface Container {
  get(token: symbol): unknown;
  isBound(token: symbol): boolean;
  load(...modules: never[]): void;
}

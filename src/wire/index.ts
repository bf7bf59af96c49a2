export type { Address } from './address.js';

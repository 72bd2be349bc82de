import type { NamedProvider } from './matching.ts';

/**
 * A provider of the bundled data. `models` returns the JSON text of its models, which is parsed when the provider is first
 * used. It is a function because the engine creates neither code nor a string for a function that is never called.
 */
export interface PackedProvider extends NamedProvider {
  models: () => string;
}

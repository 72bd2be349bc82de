import type { NamedProvider } from './matching.ts';

/**
 * A provider of the bundled data. `models` returns the JSON text of its models, which is parsed when the provider is first
 * asked for. It is a function because the engine makes neither code nor a string of one that is never called.
 */
export interface PackedProvider extends NamedProvider {
  models: () => string;
}

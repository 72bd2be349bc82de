import * as z from 'zod/mini';
import { once } from '../../usage/lazy/once.ts';

/** Storage of small values across restarts: the editor's memento. */
export interface Memory {
  get(key: string): unknown;
  update(key: string, value: unknown): PromiseLike<void>;
}

/** The number of hues in the style sheet of the page. */
const HUES = 12;
const KEY = 'llmSpend.history.palette';
/** With more values than this in a dimension, colours are computed from the name instead of remembered. */
const MAX_REMEMBERED = 200;

const stored = once(() => z.record(z.string(), z.array(z.string())));

/**
 * Assigns each value of a dimension (each model, each project) a permanent colour: an index into the palette, in the order in
 * which values are first seen, so that the first dozen have different colours. Shared between windows.
 */
export class HistoryPalette {
  readonly #memory: Memory;
  readonly #slots = new Map<string, Map<string, number>>();

  constructor(memory: Memory) {
    this.#memory = memory;
    const parsed = stored().safeParse(memory.get(KEY));
    if (!parsed.success) return;
    for (const [dimension, values] of Object.entries(parsed.data)) {
      this.#slots.set(dimension, new Map(values.slice(0, MAX_REMEMBERED).map((value, slot) => [value, slot])));
    }
  }

  /** The colours of `values`, in order; new values get the next free ones. */
  slots(dimension: string, values: readonly string[]): [value: string, slot: number][] {
    const known = this.#slots.get(dimension) ?? new Map<string, number>();
    this.#slots.set(dimension, known);
    const before = known.size;
    const result = values.map((value): [string, number] => {
      const slot = known.get(value) ?? (known.size < MAX_REMEMBERED ? known.size : hash(value));
      if (slot === known.size) known.set(value, slot);
      return [value, slot];
    });
    if (known.size > before) this.#save();
    return result;
  }

  /**
   * The colours of models: the hue of each model's provider, in its own shade. A slot is a hue plus a multiple of
   * {@link HUES} for each further shade.
   */
  modelSlots(models: readonly string[], providerOf: (model: string) => string): [value: string, slot: number][] {
    return models.map((model) => {
      const provider = providerOf(model);
      const hue = this.slots('provider', [provider])[0]?.[1] ?? 0;
      const shade = this.slots(`model of ${provider}`, [model])[0]?.[1] ?? 0;
      return [model, hue + shade * HUES];
    });
  }

  #save(): void {
    const entries = [...this.#slots].map(([dimension, values]) => [dimension, [...values.keys()]]);
    void this.#memory.update(KEY, Object.fromEntries(entries));
  }
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

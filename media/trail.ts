import type { Choices, RangeChoice } from '../src/protocol/choices.ts';

/** Steps that Back can take back. */
const MAX_STEPS = 50;

interface Step {
  choices: Choices;
  crumbs: readonly RangeChoice[];
}

/** The way to what is shown: earlier choices for Back, and the ranges that were zoomed into, outermost first. */
export class Trail {
  readonly #steps: Step[] = [];
  #crumbs: readonly RangeChoice[] = [];

  get crumbs(): readonly RangeChoice[] {
    return this.#crumbs;
  }

  get canGoBack(): boolean {
    return this.#steps.length > 0;
  }

  /** Notes that the choices changed. @param zoomed whether the new range was picked within the one before. */
  follow(before: Choices, after: Choices, zoomed: boolean): void {
    if (!leadsElsewhere(before, after)) return;
    const last = this.#steps.at(-1)?.choices;
    // A search grows letter by letter: only its start is a step.
    const isTyping =
      last !== undefined && before.search !== '' && onlySearchDiffers(before, after) && onlySearchDiffers(last, before);
    if (!isTyping) this.#steps.push({ choices: before, crumbs: this.#crumbs });
    if (this.#steps.length > MAX_STEPS) this.#steps.shift();
    if (zoomed) this.#crumbs = [...this.#crumbs, before.range];
    else if (!same(before.range, after.range)) this.#crumbs = [];
  }

  /** Takes the last step back. @returns what to show; undefined when there is none. */
  back(): Pick<Choices, 'range' | 'values' | 'search'> | undefined {
    const step = this.#steps.pop();
    if (step === undefined) return undefined;
    this.#crumbs = step.crumbs;
    const { range, values, search } = step.choices;
    return { range, values, search };
  }

  /** Leaves a range for one that it was zoomed into from. @returns the range; undefined when there is no such crumb. */
  leaveTo(index: number, before: Choices): RangeChoice | undefined {
    const range = this.#crumbs[index];
    if (range === undefined) return undefined;
    this.#steps.push({ choices: before, crumbs: this.#crumbs });
    this.#crumbs = this.#crumbs.slice(0, index);
    return range;
  }
}

function leadsElsewhere(a: Choices, b: Choices): boolean {
  return a.search !== b.search || !same(a.range, b.range) || !same(a.values, b.values);
}

function onlySearchDiffers(a: Choices, b: Choices): boolean {
  return same(a.range, b.range) && same(a.values, b.values);
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

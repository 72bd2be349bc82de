import { nextTurn } from './turns.ts';

/** How long a pass works before it yields. */
const SLICE_MS = 8;

/** Yields to other work when the time slice is used up. */
export type Slice = () => Promise<void>;

export function slicer(): Slice {
  let until = performance.now() + SLICE_MS;
  return async () => {
    if (performance.now() < until) return;
    await nextTurn();
    until = performance.now() + SLICE_MS;
  };
}

/** Runs a generator that pauses between its steps. */
export async function steps<T>(generator: Generator<void, T>, slice: Slice): Promise<T> {
  for (;;) {
    const step = generator.next();
    if (step.done === true) return step.value;
    await slice();
  }
}

import { recogniseInSteps, type Recognition } from '../pricing/responses/recognise.ts';
import type { PriceTable } from '../pricing/table.ts';
import { nextTurn } from '../system/turns.ts';

/** Maximum time, in ms, for which recognition blocks the event loop. */
const TURN_MS = 20;
const STEPS_A_LOOK = 64;

/** Recognises the responses in a text, yielding to the event loop while a long text is read. */
export async function recogniseInTurns(text: string, table: PriceTable): Promise<Recognition> {
  const steps = recogniseInSteps(text, table);
  let began = performance.now();
  for (let step = 1; ; step++) {
    const { done, value } = steps.next();
    if (done === true) return value;
    if (step % STEPS_A_LOOK !== 0 || performance.now() - began < TURN_MS) continue;
    await nextTurn();
    began = performance.now();
  }
}

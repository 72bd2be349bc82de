import { recogniseInSteps, type Recognition } from '../pricing/responses/recognise.ts';
import type { PriceTable } from '../pricing/table.ts';
import { nextTurn } from '../system/turns.ts';

/** How long, in ms, recognition may keep the event loop from other work. */
const TURN_MS = 20;
const STEPS_A_LOOK = 64;

/** Recognises the responses in a text, and lets the event loop have turns while a long one is read. */
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

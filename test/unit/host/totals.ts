import { emptyTotals } from '../../../src/usage/query.ts';
import type { Totals } from '../../../src/usage/query.ts';

/** Totals of calls whose costs were recorded, with what a test cares about on top. */
export function totals(given: Partial<Totals> = {}): Totals {
  return { ...emptyTotals(), ...given };
}

/** As `vscode.l10n.t` does without a translation. */
export function t(message: string, ...args: (string | number)[]): string {
  return message.replaceAll(/\{(\d+)\}/g, (_, index: string) => String(args[Number(index)]));
}

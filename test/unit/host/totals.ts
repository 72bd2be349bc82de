import { emptyTotals } from '../../../src/usage/query.ts';
import type { Totals } from '../../../src/usage/query.ts';

/** Totals of calls with recorded costs, overridden by the fields relevant to a test. */
export function totals(given: Partial<Totals> = {}): Totals {
  return { ...emptyTotals(), ...given };
}

/** Like `vscode.l10n.t` without a translation. */
export function t(message: string, ...args: (string | number)[]): string {
  return message.replaceAll(/\{(\d+)\}/g, (_, index: string) => String(args[Number(index)]));
}

import type { Disposable, Event } from 'vscode';
import type { Totals, UsageFilter } from '../usage/query.ts';
import type { UsageInput, UsageRecord } from '../usage/record.ts';
import type { LedgerService } from './ledger/ledgerService.ts';

/**
 * The return value of `activate()`, for other extensions:
 *
 *     const extension = vscode.extensions.getExtension<LlmSpendApi>('llm-spend.llm-spend');
 *     const spend = await extension?.activate();
 *     await spend?.track({ provider: 'openai', model: 'gpt-5', operation: 'chat', input_tokens: 1200, output_tokens: 80 });
 *
 * Within `version` 1 only additions are made.
 */
export interface LlmSpendApi {
  readonly version: 1;
  /**
   * Records one usage in the user's ledger. Resolves with the stored record once it is durable. Otherwise records nothing and
   * rejects with an error whose `name` is `UsageError` (with `field`, `value`, `rule`) if the usage was refused, or
   * `LedgerError` (with `code`) if it could not be stored.
   */
  track(usage: UsageInput): Promise<UsageRecord>;
  /** Totals over all ledgers shown, or of the matching records. Costs are in nano-dollars (1e-9 USD), by origin. */
  summary(filter?: UsageFilter): Promise<Totals>;
  /** Fires after each change of any ledger shown, by any process. */
  readonly onDidChange: Event<void>;
}

export function createApi(service: LedgerService): LlmSpendApi {
  return Object.freeze({
    version: 1,
    track: (usage: UsageInput) => service.record(usage),
    summary: (filter?: UsageFilter) => service.summary(filter),
    onDidChange: (listener: () => unknown, thisArg?: unknown, disposables?: Disposable[]) =>
      service.onDidChange(() => listener.call(thisArg), undefined, disposables),
  });
}

import * as vscode from 'vscode';
import type { Pricer } from '../../pricing/price.ts';
import { tableProvider } from '../../pricing/providers.ts';
import type { Dimension } from '../../usage/query.ts';
import { INKWELL_OPERATIONS, INKWELL_PROVIDERS } from '../../usage/inkwell.ts';
import { plain } from '../../usage/text.ts';
import { calls } from '../common/costText.ts';
import { style } from '../ledger/ledgerActions.ts';
import type { LedgerService } from '../ledger/ledgerService.ts';
import type { Suggestion } from '../common/multiStep.ts';
import type { RecordDraft } from './recordDraft.ts';
import { readSettings } from '../common/settings.ts';

export type Name = 'provider' | 'model' | 'operation';

const MAX_SUGGESTIONS = 500;
const OPERATIONS = ['chat', 'completion', 'embedding', 'summary'];

/** The names that inkwell can read; undefined: any. */
export function allowedNames(name: Name): readonly string[] | undefined {
  return name === 'provider' ? INKWELL_PROVIDERS : name === 'operation' ? INKWELL_OPERATIONS : undefined;
}

/** Names from one's own history, those used most first (models of the chosen provider only), then the price table's. */
export async function suggestNames(
  service: LedgerService,
  pricer: Pricer | undefined,
  { provider }: RecordDraft,
  name: Name,
): Promise<Suggestion[]> {
  const values: Partial<Record<Dimension, readonly string[]>> = name === 'model' ? { provider: [provider] } : {};
  const { calendar } = readSettings();
  const groups = await service.aggregate({ filter: { values }, groupBy: [name], calendar });
  const allowed = service.primary?.strict === true ? allowedNames(name) : undefined;
  const used = groups
    .toSorted((a, b) => b.totals.records - a.totals.records)
    .map(({ key, totals }): Suggestion => ({ value: key[0] ?? '', description: calls(totals.records, style()) }))
    .filter(({ value }) => value !== '' && (allowed === undefined || allowed.includes(value)));
  const known = new Set(used.map(({ value }) => value));
  const others = (allowed?.map(bare) ?? offered(pricer, provider, name)).filter(({ value }) => !known.has(value));
  return [...used, ...others].slice(0, MAX_SUGGESTIONS);
}

function offered(pricer: Pricer | undefined, provider: string, name: Name): Suggestion[] {
  if (name === 'operation') return OPERATIONS.map(bare);
  const catalog = pricer?.table.catalog().filter(({ models }) => models.length > 0) ?? [];
  if (name === 'provider') {
    return catalog
      .map(({ id, name: title }) => ({ value: id, description: plain(title, { max: 60 }) }))
      .toSorted((a, b) => rank(a.value) - rank(b.value));
  }
  const asked = tableProvider(provider);
  const models = catalog.find(({ id }) => id === asked)?.models ?? [];
  return models
    .toSorted((a, b) => Number(a.deprecated) - Number(b.deprecated))
    .map(({ id, name: title, deprecated }) => ({
      value: id,
      description: deprecated ? vscode.l10n.t('deprecated') : title === id ? '' : plain(title, { max: 60 }),
    }));
}

/** The table is sorted by name; most people call one of these. */
const COMMON = ['anthropic', 'openai', 'google', 'mistral', 'deepseek', 'openrouter'];

function rank(provider: string): number {
  const at = COMMON.indexOf(provider);
  return at < 0 ? COMMON.length : at;
}

function bare(value: string): Suggestion {
  return { value, description: undefined };
}

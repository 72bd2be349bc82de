import { foldTop } from '../../columns/foldGroups.ts';
import type { FilterMessage, GroupsQuestion } from '../../protocol/messages.ts';
import { withoutSnapshot } from '../../usage/line/modelName.ts';
import { valueNanos } from '../../usage/query.ts';
import type { AggregateQuery, Group, QueryGrouping } from '../../usage/query.ts';
import { mergeGroups } from '../../usage/totals.ts';
import type { HistoryBackend } from './historyContract.ts';

/** A filter that names every model that it means. */
type PlainFilter = Omit<FilterMessage, 'folded'>;

/** The models of the ledgers on show: the dated snapshots of each, and the provider that each costs most at. */
export class LedgerModels {
  readonly #backend: Pick<HistoryBackend, 'aggregate' | 'calendar' | 'snapshot'>;
  #read: { version: number; groups: Promise<Group[]> } | undefined;

  constructor(backend: Pick<HistoryBackend, 'aggregate' | 'calendar' | 'snapshot'>) {
    this.#backend = backend;
  }

  /** The filter of a message as a query takes it: with the snapshots of the models that it names, where they are folded. */
  async filter({ folded, ...filter }: FilterMessage): Promise<PlainFilter> {
    const models = filter.values?.model;
    if (folded !== true || models === undefined) return filter;
    const known = await this.#groups();
    const snapshots = (model: string): string[] =>
      known.flatMap(({ key: [, name] }) => (typeof name === 'string' && withoutSnapshot(name) === model ? [name] : []));
    const all = models.flatMap((model) => (model === null ? [null] : [model, ...snapshots(model)]));
    return { ...filter, values: { ...filter.values, model: [...new Set(all)] } };
  }

  /** Asks for groups. Dated snapshots are folded into their model where the question says so. */
  async groups(question: GroupsQuestion, ask: (query: AggregateQuery) => Promise<Group[]>): Promise<Group[]> {
    const filter = await this.filter(question.filter);
    const { groupBy, top } = question;
    if (question.filter.folded !== true || !groupBy.includes('model')) return ask({ ...question, filter });
    // The largest models are known only after their snapshots have been added up.
    const folded = foldSnapshots(await ask({ ...question, filter, top: undefined }), groupBy);
    return top === undefined ? folded : foldTop(folded, top);
  }

  /** The provider of each model, by its own name and by that of the model whose snapshot it is. */
  async providers(): Promise<ReadonlyMap<string, string>> {
    const providers = new Map<string, string>();
    const costs = new Map<string, bigint>();
    for (const { key, totals } of await this.#groups()) {
      const [provider, model] = key;
      if (typeof provider !== 'string' || typeof model !== 'string') continue;
      for (const name of [model, withoutSnapshot(model)]) {
        const before = costs.get(name);
        const cost = valueNanos(totals);
        if (before !== undefined && cost <= before) continue;
        costs.set(name, cost);
        providers.set(name, provider);
      }
    }
    return providers;
  }

  #groups(): Promise<Group[]> {
    const { version } = this.#backend.snapshot;
    if (this.#read?.version !== version) {
      const query: AggregateQuery = { filter: {}, groupBy: ['provider', 'model'], calendar: this.#backend.calendar };
      this.#read = { version, groups: this.#backend.aggregate(query) };
      this.#read.groups.catch(() => (this.#read = undefined));
    }
    return this.#read.groups;
  }
}

/** Adds up the dated snapshots of each model. Among equal outer keys the most expensive comes first. */
export function foldSnapshots(groups: readonly Group[], groupBy: readonly QueryGrouping[]): Group[] {
  const at = groupBy.indexOf('model');
  const fold = (value: string | null | undefined): string | null =>
    value === undefined || value === null ? null : withoutSnapshot(value);
  const folded = mergeGroups(groups.map((group) => ({ ...group, key: group.key.with(at, fold(group.key[at])) })));
  if (groupBy.length > 1) return folded;
  return folded.toSorted((a, b) => Number(valueNanos(b.totals) - valueNanos(a.totals)));
}

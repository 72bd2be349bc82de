import * as vscode from 'vscode';
import type { Pricer } from '../../pricing/price.ts';
import { formatUsd, usdToNanos } from '../../usage/money.ts';
import type { UsageInput } from '../../usage/record.ts';
import { plain } from '../../usage/text.ts';
import { calls, count } from '../common/costText.ts';
import { quickPickLabel } from '../common/escape.ts';
import { style } from '../ledger/ledgerActions.ts';
import { previewText } from '../prices/priceText.ts';
import { lineChoices } from '../../pricing/models/lineChoices.ts';
import type { LineContext } from '../../pricing/models/lineChoices.ts';

/** The data needed to parse and price a line. */
export interface LineSetting {
  context: LineContext;
  /** undefined: the prices cannot be read, and the log has the reason. */
  pricer: Pricer | undefined;
}

/** An entry of the list: records a usage, or replaces the line in the input. */
type Item = vscode.QuickPickItem & { usage?: UsageInput; line?: string };

/** Keeps the entries in our order. `sortByLabel` is missing from the editor's API types, but works in all versions. */
type OrderedPick = vscode.QuickPick<Item> & { sortByLabel?: boolean };

/**
 * Asks for a call in one line, and shows the usage to be recorded while it is typed.
 * @param draft a line begun earlier.
 * @returns the usage, or the line so far if the user left.
 */
export function askForLine(
  setting: Promise<LineSetting>,
  draft: string,
): Promise<{ usage: UsageInput } | { draft: string }> {
  const { t } = vscode.l10n;
  const input: OrderedPick = vscode.window.createQuickPick<Item>();
  input.sortByLabel = false;
  input.title = t('Record Usage');
  input.placeholder = t('Model, input and output tokens or a cost: gpt-5 12k 800, or 0.05 claude-opus review');
  // The user may look up a number in another window and come back.
  input.ignoreFocusOut = true;
  input.value = draft;
  input.busy = true;
  let loaded: LineSetting | undefined;
  /** Whether Enter was pressed before the models were loaded. */
  let isAccepted = false;
  const update = (): void => {
    if (loaded === undefined) return;
    input.items = itemsOf(input.value, loaded);
    const first = input.items.find(({ kind }) => kind !== vscode.QuickPickItemKind.Separator);
    if (first !== undefined) input.activeItems = [first];
  };
  input.onDidChangeValue(() => {
    isAccepted = false;
    update();
  });
  return new Promise((resolve) => {
    const end = (result: { usage: UsageInput } | { draft: string }): void => {
      resolve(result);
      input.dispose();
    };
    input.onDidHide(() => end({ draft: input.value }));
    const accept = (): void => {
      isAccepted = loaded === undefined;
      if (loaded === undefined) return;
      const current = itemsOf(input.value, loaded);
      // A fast typist may press Enter before the editor has drawn the list for the last key.
      const picked = input.activeItems[0];
      const chosen = current.find((item) => isSame(item, picked)) ?? current[0];
      if (chosen?.usage !== undefined) end({ usage: chosen.usage });
      else if (chosen?.line !== undefined) {
        input.value = chosen.line;
        update();
      }
    };
    input.onDidAccept(accept);
    void setting.then((ready) => {
      loaded = ready;
      input.busy = false;
      update();
      if (isAccepted) accept();
    });
    input.show();
  });
}

function isSame(item: Item, picked: Item | undefined): boolean {
  return item.label === picked?.label && item.description === picked.description && item.line === picked.line;
}

function itemsOf(text: string, { context, pricer }: LineSetting): Item[] {
  const { t } = vscode.l10n;
  const { problem, usages, others, hasModel, needsProvider } = lineChoices(text, context);
  const items: Item[] = [];
  if (problem !== undefined) {
    items.push({ label: `$(error) ${quickPickLabel(problem)}`, alwaysShow: true });
  } else if (needsProvider) {
    items.push({ label: `$(edit) ${t('Type the provider')}`, line: `${text.trimEnd()} provider:`, alwaysShow: true });
  } else items.push(...usages.map((usage) => recordItem(usage, pricer)));
  if (others.length > 0) {
    items.push(separator(hasModel ? t('Other models') : t('Models')));
    for (const { provider, model, calls: used, line } of others) {
      items.push({
        label: quickPickLabel(model),
        description: [
          provider === undefined ? t('as typed') : plain(provider, { max: 60 }),
          ...(used > 0 ? [calls(used, style())] : []),
        ].join(' · '),
        line: `${line.trimEnd()} `,
        alwaysShow: true,
      });
    }
  }
  if (hasModel) {
    items.push(separator(t('Details')));
    for (const [key, name] of details()) {
      if (!text.includes(`${key}:`)) {
        items.push({
          label: `$(add) ${name}`,
          description: `${key}:`,
          line: `${text.trimEnd()} ${key}:`,
          alwaysShow: true,
        });
      }
    }
  }
  return items;
}

/** The details that can be added to a line, with their keys. */
function details(): readonly (readonly [key: string, name: string])[] {
  const { t } = vscode.l10n;
  return [
    ['cached', t('Tokens read from the cache')],
    ['written', t('Tokens written to the cache')],
    ['cost', t('Cost in USD')],
    ['op', t('Operation')],
    ['provider', t('Provider')],
    ['project', t('Project')],
    ['tag', t('Tag')],
    ['note', t('Note')],
    ['time', t('Time')],
  ];
}

function recordItem(usage: UsageInput, pricer: Pricer | undefined): Item {
  const { t } = vscode.l10n;
  const { locale } = style();
  const { provider, model, operation } = usage;
  const tokens = t('{0} in, {1} out', count(usage.input_tokens ?? 0, locale), count(usage.output_tokens ?? 0, locale));
  const more = [
    ...(usage.cache_read_tokens === undefined ? [] : [t('{0} cached', count(usage.cache_read_tokens, locale))]),
    ...(usage.cache_write_tokens === undefined
      ? []
      : [t('{0} written to the cache', count(usage.cache_write_tokens, locale))]),
    ...(usage.project ? [t('project {0}', usage.project)] : []),
    ...(usage.tags ?? []).map((tag) => `#${tag}`),
    ...(usage.note ? [usage.note] : []),
    ...(usage.timestamp === undefined ? [] : [new Date(usage.timestamp).toLocaleString(locale)]),
  ];
  return {
    label: `$(check) ${t('Record')} ${quickPickLabel(model)}`,
    description: `${plain(`${provider} · ${operation}`, { max: 80 })} · ${tokens}`,
    detail: plain([costOf(usage, pricer), ...more].join(' · '), { max: 300 }),
    alwaysShow: true,
    usage,
  };
}

function costOf(usage: UsageInput, pricer: Pricer | undefined): string {
  if (usage.cost_usd !== undefined) return formatUsd(usdToNanos(usage.cost_usd), style().locale);
  return pricer === undefined ? vscode.l10n.t('price unknown') : previewText(pricer.price(usage), style());
}

function separator(label: string): Item {
  return { label, kind: vscode.QuickPickItemKind.Separator };
}

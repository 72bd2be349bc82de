import { open } from 'node:fs/promises';
import * as vscode from 'vscode';
import type { RecognisedResponse, Recognition } from '../../pricing/responses/recognise.ts';
import { formatUsd, usdToNanos } from '../../usage/money.ts';
import type { UsageInput, UsageRecord } from '../../usage/record.ts';
import { plain } from '../../usage/text.ts';
import { count, recordedCost, records } from '../common/costText.ts';
import { showInfo, showWarning } from '../common/dialogs.ts';
import { quickPickLabel } from '../common/escape.ts';
import { style } from '../ledger/ledgerActions.ts';
import type { LedgerService } from '../ledger/ledgerService.ts';
import type { RecordedUsages } from '../ledger/recordNew.ts';
import { previewText } from '../prices/priceText.ts';
import type { Prices } from '../prices/prices.ts';
import { INKWELL_PROVIDERS } from '../../usage/inkwell.ts';
import { otherDayText, showInHistory } from './recordUsage.ts';
import { inLanguage } from '../common/language.ts';

/** The argument passed by a program, instead of the user's choices. */
interface ResponseRequest {
  text?: unknown;
  provider?: unknown;
  model?: unknown;
  operation?: unknown;
}

/**
 * Records the usage in a provider's raw API responses from the selection, the clipboard or a file. Shows the recognised
 * responses, and records them if the user agrees. With an argument `{text}`, records without asking.
 */
export async function recordFromResponse(
  service: LedgerService,
  prices: Prices,
  argument?: unknown,
): Promise<UsageRecord[] | undefined> {
  const { t } = vscode.l10n;
  const request = (typeof argument === 'object' && argument !== null ? argument : {}) as ResponseRequest;
  const library = await prices.library();
  const text = typeof request.text === 'string' ? request.text : await chooseText(library.MAX_RESPONSE_TEXT);
  if (text === undefined) return undefined;
  const pricer = await prices.requiredPricer();
  const found = await library.recogniseInTurns(text, pricer.table);
  const [problem] = found.problems;
  if (found.responses.length === 0) {
    const message = problem?.message ?? t('No usage was found.');
    if (typeof request.text === 'string') throw new Error(message);
    showWarning(`${message} ${t('Nothing was recorded.')}`);
    return undefined;
  }
  const names = {
    provider: textOf(request.provider),
    model: textOf(request.model),
    operation: textOf(request.operation),
  };
  const project = service.primary?.strict === true ? undefined : vscode.workspace.name;
  const usages = found.responses.map((response): UsageInput => {
    const usage = library.usageOfResponse(response, names);
    return { ...usage, source: 'response', ...(project === undefined ? {} : { project }) };
  });
  if (typeof request.text === 'string') return service.recordAll(usages);

  const chosen = await confirmUsages(found, usages, (usage) =>
    usage.cost_usd === undefined
      ? previewText(pricer.price(usage), style())
      : formatUsd(usdToNanos(usage.cost_usd), style().locale),
  );
  if (chosen === undefined || chosen.length === 0) return undefined;
  const named = await nameMissing(service, chosen);
  if (named === undefined) return undefined;
  const recorded = await service.recordNew(named);
  showRecorded(service, recorded);
  return recorded.added;
}

/** Offers Undo for additions only: the other records were already in the ledger. */
function showRecorded(service: LedgerService, { added, alreadyRecorded }: RecordedUsages): void {
  const { t } = vscode.l10n;
  const known = t('Already recorded: {0}.', records(alreadyRecorded.length, style()));
  if (added.length === 0) {
    showInfo(`${known} ${t('Nothing was added.')}`);
    return;
  }
  const cost = recordedCost(added, style().locale);
  const done = t('Recorded {0} from the response: {1}.', records(added.length, style()), cost);
  const when = otherDayText(added);
  showInfo(alreadyRecorded.length === 0 ? `${done}${when}` : `${done}${when} ${known}`, {
    [t('Undo')]: () => service.remove(added.map(({ usage_id }) => usage_id)),
    ...showInHistory(added),
  });
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

async function chooseText(maxLength: number): Promise<string | undefined> {
  const { t } = vscode.l10n;
  const editor = vscode.window.activeTextEditor;
  const selected = editor?.document.getText(editor.selection) ?? '';
  const document = editor?.document.getText() ?? '';
  type Source = vscode.QuickPickItem & { text: () => string | Thenable<string | undefined> };
  const size = (text: string): string => t('{0} characters', count(text.length, style().locale));
  const sources: Source[] = [
    ...(selected.trim() === ''
      ? []
      : [{ label: `$(selection) ${t('The selected text')}`, description: size(selected), text: () => selected }]),
    // Read only when chosen, because a browser asks the user for permission.
    { label: `$(clippy) ${t('The clipboard')}`, text: () => vscode.env.clipboard.readText() },
    ...(document.trim() === '' || document === selected
      ? []
      : [{ label: `$(file) ${t('The whole document')}`, description: size(document), text: () => document }]),
    { label: `$(folder-opened) ${t('A file…')}`, text: () => chooseFile(maxLength) },
  ];
  const title = t('Record Usage from a Response');
  const placeHolder = t("Where is the provider's API response?");
  const source = await vscode.window.showQuickPick(sources, { title, placeHolder, ignoreFocusOut: true });
  return source?.text();
}

/** A file that is too large is refused without reading it. */
async function chooseFile(maxLength: number): Promise<string | undefined> {
  const { t } = vscode.l10n;
  const [uri] = (await vscode.window.showOpenDialog({ title: t('API Response') })) ?? [];
  if (uri === undefined) return undefined;
  const file = await open(uri.fsPath, 'r');
  try {
    if ((await file.stat()).size > maxLength) {
      throw new Error(t('The file is too large for a response (at most {0} MB).', maxLength / 1e6));
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

type UsageItem = vscode.QuickPickItem & { usage: UsageInput };

/** Shows the recognised responses with their costs; all are selected initially. */
async function confirmUsages(
  { responses, problems }: Recognition,
  usages: readonly UsageInput[],
  cost: (usage: UsageInput) => string,
): Promise<readonly UsageInput[] | undefined> {
  const { t } = vscode.l10n;
  const { locale } = style();
  const items = usages.map((usage, index): UsageItem => {
    const response = responses[index] as RecognisedResponse;
    const tokens = t(
      '{0} in, {1} out',
      count(usage.input_tokens ?? 0, locale),
      count(usage.output_tokens ?? 0, locale),
    );
    return {
      label: quickPickLabel(`${response.provider ?? '?'} ${response.model ?? '?'}`),
      description: `${tokens} · ${cost(usage)}`,
      detail: [
        ...notIncludedText(response),
        confidenceText(response),
        ...(response.timestamp === undefined ? [] : [new Date(response.timestamp).toLocaleString(locale)]),
        ...(response.responseId === undefined ? [] : [plain(response.responseId, { max: 80 })]),
      ].join(' · '),
      picked: true,
      usage,
    };
  });
  const wrong = problems.map(({ message }) => plain(inLanguage(message), { max: 200 })).join(' ');
  const options = {
    title: t('Record Usage from a Response'),
    placeHolder:
      wrong === ''
        ? t('Press Enter to record the selected responses')
        : t('Press Enter to record the selected responses. {0}', wrong),
    ignoreFocusOut: true,
    canPickMany: true,
  } as const;
  const chosen = await vscode.window.showQuickPick(items, options);
  return chosen?.map(({ usage }) => usage);
}

function confidenceText({ api, confidence, streamed }: RecognisedResponse): string {
  const { t } = vscode.l10n;
  const how =
    confidence === 'certain'
      ? t('certain')
      : confidence === 'likely'
        ? t('likely, from the name of the model')
        : t('guessed, the response does not name the provider');
  return `${api}${streamed ? ` (${t('streamed')})` : ''}, ${how}`;
}

/** The fees and counts that the cost of a response does not include. */
function notIncludedText({ unpricedTools, unknownCounts }: RecognisedResponse): string[] {
  const names = [...unpricedTools, ...unknownCounts];
  if (names.length === 0) return [];
  return [`$(warning) ${vscode.l10n.t('not included in the cost: {0}', plain(names.join(', '), { max: 200 }))}`];
}

/** Asks for names missing in the responses; undefined if the user cancelled. */
async function nameMissing(
  service: LedgerService,
  usages: readonly UsageInput[],
): Promise<readonly UsageInput[] | undefined> {
  const { t } = vscode.l10n;
  const title = t('Record Usage from a Response');
  const given: Partial<Pick<UsageInput, 'provider' | 'model'>> = {};
  for (const [name, prompt] of [
    ['provider', t('Provider (the response does not name it)')],
    ['model', t('Model (the response does not name it)')],
  ] as const) {
    if (!usages.some((usage) => usage[name] === 'unknown')) continue;
    const allowed = service.primary?.strict === true && name === 'provider' ? INKWELL_PROVIDERS : undefined;
    const value =
      allowed === undefined
        ? await vscode.window.showInputBox({ title, prompt, ignoreFocusOut: true })
        : await vscode.window.showQuickPick(allowed, { title, placeHolder: prompt, ignoreFocusOut: true });
    if (value === undefined || value.trim() === '') return undefined;
    given[name] = value.trim();
  }
  return usages.map((usage) => ({
    ...usage,
    ...(usage.provider === 'unknown' && given.provider !== undefined ? { provider: given.provider } : {}),
    ...(usage.model === 'unknown' && given.model !== undefined ? { model: given.model } : {}),
  }));
}

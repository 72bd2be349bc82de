import * as vscode from 'vscode';
import type { Dimension } from '../usage/query.ts';
import { INKWELL_OPERATIONS, INKWELL_PROVIDERS } from '../usage/record.ts';
import type { UsageInput } from '../usage/record.ts';
import { calls } from './costText.ts';
import type { LedgerService } from './ledgerService.ts';
import { walk } from './multiStep.ts';
import type { Step, Suggestion } from './multiStep.ts';
import { fieldProblem, readCost, readTokens } from './recordInput.ts';
import type { Reading } from './recordInput.ts';
import { readSettings, regionalLocale } from './settings.ts';

/** What was recorded last, to begin the next time with. */
export type LastUsage = Partial<Pick<UsageInput, (typeof NAMES)[number]>>;

const NAMES = ['provider', 'model', 'operation'] as const;
type Name = (typeof NAMES)[number];
const MAX_SUGGESTIONS = 200;
/** For a ledger that holds nothing yet. */
const COMMON: Readonly<Record<Name, readonly string[]>> = {
  provider: ['anthropic', 'openai', 'google', 'mistral', 'deepseek', 'openrouter'],
  model: [],
  operation: ['chat', 'completion', 'embedding', 'summary'],
};
const INKWELL: Readonly<Record<Name, readonly string[]>> = {
  provider: INKWELL_PROVIDERS,
  model: [],
  operation: INKWELL_OPERATIONS,
};

/** Asks for a usage step by step. undefined when the person gave up. */
export async function askForUsage(service: LedgerService, last: LastUsage): Promise<UsageInput | undefined> {
  const names: LastUsage = { ...last };
  let inputTokens = '';
  let outputTokens = '';
  let cost = '';
  const steps: Step[] = [
    nameStep(service, names, 'provider', vscode.l10n.t('Provider: who was called')),
    nameStep(service, names, 'model', vscode.l10n.t('Model')),
    nameStep(service, names, 'operation', vscode.l10n.t('Operation: what the call was for')),
    textStep({
      placeholder: vscode.l10n.t('Input tokens'),
      prompt: vscode.l10n.t('Tokens sent, cached ones included, as 12000, 12k or 1.5M'),
      value: () => inputTokens,
      read: readTokens,
      take: (text) => {
        inputTokens = text;
      },
    }),
    textStep({
      placeholder: vscode.l10n.t('Output tokens'),
      prompt: vscode.l10n.t('Tokens received, as 800 or 2k'),
      value: () => outputTokens,
      read: readTokens,
      take: (text) => {
        outputTokens = text;
      },
    }),
    textStep({
      placeholder: vscode.l10n.t('Cost in USD'),
      prompt: vscode.l10n.t('What the call cost, as 0.05. Leave empty when you do not know'),
      value: () => cost,
      read: readCost,
      take: (text) => {
        cost = text;
      },
    }),
  ];
  if (!(await walk(steps))) return undefined;
  const costUsd = valueOf(readCost(cost));
  return {
    provider: names.provider ?? '',
    model: names.model ?? '',
    operation: names.operation ?? '',
    input_tokens: valueOf(readTokens(inputTokens)) ?? 0,
    output_tokens: valueOf(readTokens(outputTokens)) ?? 0,
    ...(costUsd === undefined ? {} : { cost_usd: costUsd }),
    source: 'manual',
  };
}

function nameStep(service: LedgerService, names: LastUsage, name: Name, placeholder: string): Step {
  const title = vscode.l10n.t('Record Usage');
  return {
    ask: async (step, totalSteps) => {
      const suggestions = await suggest(service, names, name);
      return {
        kind: 'pick',
        title,
        step,
        totalSteps,
        placeholder: vscode.l10n.t('{0} (choose, or type another)', placeholder),
        value: names[name] ?? '',
        suggestions,
        problem: (text) => {
          const strict = service.primary?.strict === true && INKWELL[name].length > 0;
          if (strict && !INKWELL[name].includes(text)) return vscode.l10n.t('inkwell would not read this');
          return fieldProblem(name, text);
        },
      };
    },
    take: (text) => {
      names[name] = text;
    },
  };
}

/** Names from one's own history, those used most first; models of the chosen provider before others. */
async function suggest(service: LedgerService, names: LastUsage, name: Name): Promise<Suggestion[]> {
  const { calendar } = readSettings();
  const style = { locale: regionalLocale(), t: vscode.l10n.t };
  const values: Partial<Record<Dimension, readonly string[]>> =
    name === 'model' && names.provider !== undefined ? { provider: [names.provider] } : {};
  const groups = await service.aggregate({ filter: { values }, groupBy: [name], calendar });
  const strict = service.primary?.strict === true;
  const used = groups
    .toSorted((a, b) => b.totals.records - a.totals.records)
    .map(({ key, totals }) => ({ value: key[0] ?? '', records: totals.records }))
    .filter(({ value }) => !strict || INKWELL[name].length === 0 || INKWELL[name].includes(value));
  const common = (strict ? INKWELL : COMMON)[name].filter((value) => !used.some((each) => each.value === value));
  return [
    ...used.map(({ value, records }) => ({ value, description: calls(records, style) })),
    ...common.map((value) => ({ value, description: undefined })),
  ].slice(0, MAX_SUGGESTIONS);
}

interface TextStep<T> {
  placeholder: string;
  prompt: string;
  value: () => string;
  read: (text: string) => Reading<T>;
  take: (text: string) => void;
}

function textStep<T>({ placeholder, prompt, value, read, take }: TextStep<T>): Step {
  const title = vscode.l10n.t('Record Usage');
  return {
    ask: (step, totalSteps) =>
      Promise.resolve({
        kind: 'text',
        title,
        step,
        totalSteps,
        placeholder,
        prompt,
        value: value(),
        problem: (text) => {
          const reading = read(text);
          return 'problem' in reading ? reading.problem : undefined;
        },
      }),
    take,
  };
}

function valueOf<T>(reading: Reading<T>): T | undefined {
  return 'value' in reading ? reading.value : undefined;
}

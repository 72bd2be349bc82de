import * as vscode from 'vscode';
import type { Pricer } from '../../pricing/price.ts';
import { formatUsd, usdToNanos } from '../../usage/money.ts';
import type { UsageInput } from '../../usage/record.ts';
import { plain } from '../../usage/text.ts';
import { style } from '../ledger/ledgerActions.ts';
import type { LedgerService } from '../ledger/ledgerService.ts';
import { walk } from '../common/multiStep.ts';
import type { Step, Suggestion } from '../common/multiStep.ts';
import { previewText } from '../prices/priceText.ts';
import type { Prices } from '../prices/prices.ts';
import { emptyDraft, usageOf } from './recordDraft.ts';
import type { RecordDraft } from './recordDraft.ts';
import { fieldProblem, readCost, readTags, readTime, readTokens } from './recordInput.ts';
import type { Reading } from './recordInput.ts';
import { allowedNames, suggestNames } from './recordSuggestions.ts';
import type { Name } from './recordSuggestions.ts';

/** The last recorded names, which are preselected next time. */
export type LastUsage = Partial<Pick<UsageInput, Name>>;

const MAX_SHOWN = 60;

/** Asks for a usage step by step, pricing it as it is typed. undefined when the person gave up. */
export async function askForUsage(
  service: LedgerService,
  prices: Prices,
  last: LastUsage,
): Promise<UsageInput | undefined> {
  const strict = service.primary?.strict === true;
  const project = strict ? '' : (vscode.workspace.name ?? '');
  const draft = emptyDraft({ ...last, project });
  const wizard = new RecordWizard(service, prices, draft, strict);
  return (await walk(wizard.steps())) ? usageOf(draft, Date.now()) : undefined;
}

class RecordWizard {
  readonly #service: LedgerService;
  readonly #draft: RecordDraft;
  readonly #strict: boolean;
  /** Loads while the first names are chosen. undefined: prices cannot be read, and the log says why. */
  readonly #pricer: Promise<Pricer | undefined>;
  #loaded: Pricer | undefined;

  constructor(service: LedgerService, prices: Prices, draft: RecordDraft, strict: boolean) {
    this.#service = service;
    this.#draft = draft;
    this.#strict = strict;
    this.#pricer = prices.pricer().then(
      (pricer) => (this.#loaded = pricer),
      () => undefined,
    );
  }

  steps(): Step[] {
    const { t } = vscode.l10n;
    return [
      this.#nameStep('provider', t('Provider')),
      this.#nameStep('model', t('Model')),
      this.#nameStep('operation', t('Operation')),
      this.#field('input', t('Input tokens'), t('Input tokens including cached, e.g. 12000, 12k or 1.5M'), readTokens),
      this.#field('output', t('Output tokens'), t('Output tokens, e.g. 800 or 2k'), readTokens),
      this.#field(
        'cost',
        t('Cost in USD'),
        t('Cost of the call in USD, e.g. 0.05. Leave empty to use the list price'),
        readCost,
      ),
      this.#review(),
    ];
  }

  #nameStep(name: Name, placeholder: string): Step {
    return {
      ask: async (step, totalSteps) => ({
        kind: 'pick',
        title: vscode.l10n.t('Record Usage'),
        step,
        totalSteps,
        placeholder: vscode.l10n.t('{0} (pick one or type a name)', placeholder),
        value: this.#draft[name],
        suggestions: await suggestNames(this.#service, await this.#pricer, this.#draft, name),
        problem: (text) => {
          const allowed = this.#strict ? allowedNames(name) : undefined;
          if (allowed !== undefined && !allowed.includes(text)) return vscode.l10n.t('inkwell cannot read this value');
          return fieldProblem(name, text);
        },
      }),
      take: (text) => {
        this.#draft[name] = text;
      },
    };
  }

  /** A field as a text, with the price that follows from it. */
  #field<Value>(
    field: keyof RecordDraft,
    placeholder: string,
    prompt: string,
    read: (text: string) => Reading<Value>,
  ): Step {
    return {
      ask: (step, totalSteps) =>
        Promise.resolve({
          kind: 'text',
          title: vscode.l10n.t('Record Usage'),
          step,
          totalSteps,
          placeholder,
          prompt,
          value: this.#draft[field],
          problem: (text) => {
            const reading = read(text);
            return 'problem' in reading ? reading.problem : undefined;
          },
          hint: (text) => this.#costText({ ...this.#draft, [field]: text }),
        }),
      take: (text) => {
        this.#draft[field] = text;
      },
    };
  }

  /** The last step: Enter records, and a picked detail can be changed before. */
  #review(): Step {
    const { t } = vscode.l10n;
    const details = this.#details();
    // inkwell would drop the others at its next save.
    const offered = Object.entries(details).filter(([field]) => !this.#strict || field === 'time');
    return {
      ask: async (step, totalSteps) => {
        await this.#pricer;
        const record = { value: 'record', label: `$(check) ${t('Record')}`, description: this.#costText(this.#draft) };
        return {
          kind: 'pick',
          title: t('Record Usage'),
          step,
          totalSteps,
          placeholder: t('Press Enter to record, or pick a detail to add'),
          value: 'record',
          free: false,
          suggestions: [
            record,
            ...offered.map(([value, { name, text }]): Suggestion => ({
              value,
              label: `$(edit) ${name}`,
              description: text(),
            })),
          ],
          problem: () => undefined,
        };
      },
      take: async (choice) => {
        const detail = details[choice];
        if (detail === undefined) return undefined;
        await walk([detail.step]);
        return 'again';
      },
    };
  }

  /** Details that can be added before recording, by the value of their suggestion. */
  #details(): Readonly<Record<string, Detail>> {
    const { t } = vscode.l10n;
    const tokens = (field: 'cacheRead' | 'cacheWrite', name: string): Step =>
      this.#field(field, name, t('Included in the input tokens, e.g. 8000 or 8k'), readTokens);
    return {
      cacheRead: this.#detail(
        'cacheRead',
        t('Read from the cache'),
        tokens('cacheRead', t('Tokens read from the cache')),
      ),
      cacheWrite: this.#detail(
        'cacheWrite',
        t('Written to the cache'),
        tokens('cacheWrite', t('Tokens written to the cache')),
      ),
      project: this.#detail(
        'project',
        t('Project'),
        this.#field('project', t('Project'), t('Project of the call'), labelOf('project')),
      ),
      tags: this.#detail('tags', t('Tags'), this.#field('tags', t('Tags'), t('Tags, separated by commas'), readTags)),
      note: this.#detail('note', t('Note'), this.#field('note', t('Note'), t('A note'), labelOf('note'))),
      time: this.#detail(
        'time',
        t('Time'),
        this.#field('time', t('Time'), t('Time of the call, e.g. 2026-01-31 09:30. Leave empty for now'), (text) =>
          readTime(text, Date.now()),
        ),
      ),
    };
  }

  #detail(field: keyof RecordDraft, name: string, step: Step): Detail {
    const none: Partial<RecordDraft> = { time: vscode.l10n.t('now') };
    return { name, step, text: () => plain(this.#draft[field], { max: MAX_SHOWN }) || (none[field] ?? '') };
  }

  /** The cost that would be recorded, in words. */
  #costText(draft: RecordDraft): string {
    const usage = usageOf(draft, Date.now());
    if (usage.cost_usd !== undefined) return formatUsd(usdToNanos(usage.cost_usd), style().locale);
    if (this.#loaded === undefined) return '';
    if ((usage.input_tokens ?? 0) + (usage.output_tokens ?? 0) === 0) return '';
    return previewText(this.#loaded.price(usage), style());
  }
}

/** A field that the review offers to change. */
interface Detail {
  name: string;
  /** The text it holds now. */
  text: () => string;
  step: Step;
}

function labelOf(field: 'project' | 'note'): (text: string) => Reading<string> {
  return (text) => {
    const problem = fieldProblem(field, text);
    return problem === undefined ? { value: text } : { problem };
  };
}

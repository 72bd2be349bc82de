import type { Pricer } from '../../pricing/price.ts';
import { modelSearch, type UsedModel } from '../../pricing/models/known.ts';
import { lineChoices, type LineChoices, type LineContext } from '../../pricing/models/lineChoices.ts';
import { openLedger } from '../../library/index.ts';
import { usedModels } from '../../library/usedModels.ts';
import { quoteWord } from '../../usage/line/words.ts';
import type { UsageInput } from '../../usage/record.ts';
import { plain } from '../../usage/text.ts';
import { confirmed } from '../arguments/confirm.ts';
import { withView } from '../arguments/ledgers.ts';
import { flagOfField, type RecordFlags } from '../arguments/recordFlags.ts';
import { EXIT, usageError, type CliError } from '../output/exit.ts';
import { say, type Terminal } from '../output/terminal.ts';
import { userPrices } from '../userPrices.ts';
import { givenFields, recordInput } from './recordOne.ts';
import { t } from '../language/text.ts';

/**
 * `llm-spend record gpt-5 12k 800`: records a call written in one line, which means the same as in the editor's Record Usage. The
 * editor shows the call before it records it. Here, a line that does not name its model or provider exactly is recorded only after
 * a confirmation.
 */
export async function recordTyped(words: readonly string[], flags: RecordFlags, terminal: Terminal): Promise<number> {
  const given = givenFields(flags);
  const line = words.length === 1 ? words[0]! : words.map(asTyped).join(' ');
  const pricer = await (await userPrices()).pricer();
  const used = await withView(flags, ({ view }) => usedModels(view));
  const context = contextOf(pricer, used, terminal.now());
  const choices = lineChoices(withProvider(line, flags.provider), context);
  const usage = onlyUsage(choices, line);
  checkGivenOnce(usage, given);
  if (choices.match === 'similar' && !(await isMeant(usage, choices, terminal))) {
    await say(terminal, t`Nothing was recorded.`);
    return EXIT.failed;
  }
  return recordInput({ ...usage, ...given }, flags, terminal, openLedger);
}

/** The shell has removed the quotes of `note:"two words"`. */
function asTyped(word: string): string {
  const [, key = '', text = ''] = /^(\p{L}+:)?(.*)$/su.exec(word) ?? [];
  return /\s/.test(text) ? `${key}${quoteWord(text)}` : word;
}

function withProvider(line: string, provider: string | undefined): string {
  return provider === undefined ? line : `${line} provider:${quoteWord(provider)}`;
}

function contextOf(pricer: Pricer | undefined, used: readonly UsedModel[], now: number): LineContext {
  const search = modelSearch(pricer?.table, used);
  const providers = [...new Set(used.map(({ provider }) => provider))];
  return { search, mark: '.', now, operation: 'chat', project: '', providers };
}

/** @throws {CliError} if the line cannot be read, or its provider is not clear. */
function onlyUsage({ problem, usages, hasModel, match }: LineChoices, line: string): UsageInput {
  if (problem !== undefined) throw refused(problem);
  if (!hasModel) throw refused(t`No model is named in "${plain(line, { max: 80 })}"`);
  const [usage] = usages;
  if (usage !== undefined && usages.length === 1) return usage;
  if (usage === undefined || match === 'unknown')
    throw refused(t`The model is not known. Add its provider: --provider NAME`, '--provider');
  const providers = usages.map(({ provider }) => plain(provider, { max: 40 })).join(', ');
  // Each provider may have its own name for the model.
  const isOneName = usages.every(({ model }) => model === usage.model);
  throw refused(
    t`${plain(isOneName ? usage.model : line, { max: 80 })} is offered by ${providers}. Add one: --provider NAME`,
    '--provider',
  );
}

function refused(problem: string, flag?: string): CliError {
  return usageError(t`${problem}. Nothing was recorded.`, flag);
}

/** @throws {CliError} if a flag repeats a value of the line. */
function checkGivenOnce(usage: UsageInput, given: Readonly<Record<string, unknown>>): void {
  const inLine = Object.entries(usage).flatMap(([field, value]) =>
    value === 0 || field === 'provider' || field === 'operation' || field === 'source' ? [] : [field],
  );
  const twice = inLine.find((field) => field in given);
  if (twice === undefined) return;
  const flag = flagOfField(twice) ?? twice;
  throw refused(t`${flag}: the line has this value already`, flag);
}

/** @throws {CliError} without a terminal, because the model would be a guess. */
async function isMeant(usage: UsageInput, { others }: LineChoices, terminal: Terminal): Promise<boolean> {
  const model = plain(usage.model, { max: 80 });
  if (!(process.stdin.isTTY && terminal.err.isTTY)) {
    const known = others.filter(({ provider }) => provider !== undefined).slice(0, MAX_NAMED);
    const names = [model, ...known.map((each) => plain(each.model, { max: 80 }))];
    throw refused(t`Which model is it: ${[...new Set(names)].join(', ')}? Write its whole name as one word`);
  }
  const { provider, operation, input_tokens: input = 0, output_tokens: output = 0 } = usage;
  const call = plain(t`${provider} ${model}, ${operation}, ${input} in, ${output} out`, { max: 200 });
  return confirmed(t`Record ${call}? [y/N] `);
}

const MAX_NAMED = 4;

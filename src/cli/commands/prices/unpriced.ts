import type { CommandSpec } from '../../command.ts';
import { findUnpriced, type UnpricedModel } from '../../../library/unpriced.ts';
import { plain } from '../../../usage/text.ts';
import { warnOfDamage, withView, type LedgerFlag } from '../../arguments/ledgers.ts';
import { commandLine, shellQuoted } from '../../arguments/shell.ts';
import { CliError } from '../../output/exit.ts';
import { envelope, writeJson } from '../../output/json.ts';
import { table } from '../../output/table.ts';
import { styled, type Terminal } from '../../output/terminal.ts';
import { counted, whole } from '../../report/numbers.ts';
import { userPrices } from '../../userPrices.ts';
import { t, tMessage } from '../../language/text.ts';

export interface UnpricedFlags extends LedgerFlag {
  json?: boolean;
}

/** `llm-spend unpriced`: the models whose calls have no cost, why, and the commands that give them one. */
export async function listUnpriced(flags: UnpricedFlags, terminal: Terminal): Promise<number> {
  const pricer = await (await userPrices()).pricer();
  if (pricer === undefined) throw new CliError('prices', t`The prices cannot be read.`);
  return withView(flags, async (sources) => {
    const models = await findUnpriced(sources.view, pricer);
    if (flags.json === true) {
      await writeJson(terminal.out, envelope('unpriced', { models: models.map(modelJson) }));
      return warnOfDamage(sources, terminal);
    }
    if (models.length === 0) {
      await terminal.out.line(t`Every call has a cost.`);
      return warnOfDamage(sources, terminal);
    }
    const rows = models.map(({ provider, model, calls, message }) => [
      provider,
      model,
      whole(calls),
      tMessage(message),
    ]);
    const columns = [
      { title: t`Provider`, shrinks: true, dropOrder: 1 },
      { title: t`Model`, shrinks: true },
      { title: t`Calls`, align: 'right' },
      { title: t`Why`, shrinks: true, dropOrder: 2 },
    ] as const;
    const { out } = terminal;
    await out.line(table(columns, rows, { width: out.columns, head: (line) => styled(out, 'bold', line) }));
    const calls = models.reduce((sum, model) => sum + model.calls, 0);
    await out.line(`\n${t`${counted(calls, 'call')} without a cost.`}`);
    for (const model of models) await out.line(plain(hint(model), { max: 500 }));
    await out.line(t`Then: ${plain(commandLine('reprice', flags))}`);
    return warnOfDamage(sources, terminal);
  });
}

/** The command that sets a price, with the price of the nearest model as a suggestion. */
function hint({ provider, model, isPriced, nearest }: UnpricedModel): string {
  const name = `${provider} ${model}`;
  if (isPriced) return t`${name} has a price now.`;
  const set = `llm-spend prices set ${shellQuoted(model)} --provider ${shellQuoted(provider)}`;
  if (nearest === undefined) return t`To set a price for ${name}: ${set} --input USD --output USD`;
  const { input, output, cacheRead } = nearest;
  return t`To use the price of ${nearest.model}: ${set} --input ${input} --output ${output} --cache-read ${cacheRead}`;
}

function modelJson({ provider, model, calls, code, message, isPriced, nearest }: UnpricedModel): object {
  return {
    provider,
    model,
    calls,
    code,
    message,
    has_price_now: isPriced,
    nearest:
      nearest === undefined
        ? null
        : {
            provider: nearest.provider,
            model: nearest.model,
            usd_per_million: { input: nearest.input, output: nearest.output, cache_read: nearest.cacheRead },
          },
  };
}

export const command: CommandSpec<UnpricedFlags> = {
  summary: 'list the models whose calls have no cost, and how to price them',
  options: [],
  examples: ['llm-spend unpriced', 'llm-spend unpriced --json'],
  notes: t`The suggested price is that of the model with the most similar name: check it before you use it.`,
  run: ({ flags, terminal }) => listUnpriced(flags, terminal),
};

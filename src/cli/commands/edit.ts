import type { CommandSpec } from '../command.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { RecordEdit } from '../../library/edit.ts';
import { LedgerError, type SetCostsResult } from '../../ledger/results.ts';
import { amount } from '../arguments/arguments.ts';
import { withLedger, type LedgerFlag } from '../arguments/ledgers.ts';
import { commandLine } from '../arguments/shell.ts';
import { EXIT, usageError } from '../output/exit.ts';
import { envelope, writeJson } from '../output/json.ts';
import { say, type Terminal } from '../output/terminal.ts';
import { counted, whole } from '../report/numbers.ts';
import { recordLine } from './recordOne.ts';
import { userPrices } from '../userPrices.ts';
import { t } from '../language/text.ts';

/** Of more changed records than this, the others are only counted. */
const MOST_SHOWN = 20;

export interface EditFlags extends LedgerFlag {
  provider?: string;
  model?: string;
  operation?: string;
  project?: string;
  tag?: string[];
  note?: string;
  costUsd?: string;
  dryRun?: boolean;
  json?: boolean;
}

/** `llm-spend edit ID...`: gives records other values, all in one change that undo takes back. */
export async function edit(ids: readonly string[], flags: EditFlags, terminal: Terminal): Promise<number> {
  const values = editOf(flags);
  if (Object.keys(values).length === 0) {
    throw usageError(t`edit: give at least one new value, for example --model gpt-5.`, '--model');
  }
  const { path, toChange, changed, missing } = await withLedger(flags, async (ledger) => ({
    path: ledger.path,
    ...(await editRecords(ledger, ids, values, flags.dryRun === true)),
  }));
  if (flags.json === true) {
    const body = { ledger: path, dry_run: flags.dryRun === true, to_change: toChange, changed, missing };
    await writeJson(terminal.out, envelope('edit', body));
  } else {
    for (const record of changed.slice(0, MOST_SHOWN)) await terminal.out.line(t`Now ${recordLine(record)}`);
    if (changed.length > MOST_SHOWN) await terminal.out.line(t`and ${whole(changed.length - MOST_SHOWN)} more: --json`);
    if (flags.dryRun === true)
      await terminal.out.line(
        `${t`${counted(toChange, 'record')} of ${whole(ids.length)} would change.`} ${t`Nothing was changed.`}`,
      );
    if (changed.length > 0)
      await say(terminal, t`${counted(changed.length, 'record')} edited. To undo: ${commandLine('undo', flags)}`);
    for (const id of missing) await say(terminal, t`There is no record ${JSON.stringify(id)} in ${path}.`);
  }
  return missing.length > 0 ? EXIT.failed : EXIT.done;
}

interface Edited extends Pick<SetCostsResult, 'changed' | 'missing'> {
  /** Number of records that the edit changes, or would change. */
  toChange: number;
}

async function editRecords(
  ledger: Ledger,
  ids: readonly string[],
  values: RecordEdit,
  dryRun: boolean,
): Promise<Edited> {
  const { planEdit } = await import('../../library/edit.ts');
  const isOtherModel = values.model !== undefined || values.provider !== undefined;
  const pricer = isOtherModel && values.cost_usd === undefined ? await (await userPrices()).pricer() : undefined;
  const { changes, missing } = await planEdit(ledger, ids, values, pricer);
  if (dryRun) return { toChange: changes.length, changed: [], missing };
  const result = await ledger.setCosts(changes);
  if (result.differing.length > 0) {
    throw new LedgerError(
      'busy',
      t`Another program changed the cost of a record at the same time. Run the command again.`,
    );
  }
  return { toChange: changes.length, changed: result.changed, missing: [...missing, ...result.missing] };
}

/** An empty text removes a project, a note or all tags. */
function editOf({ provider, model, operation, project, tag, note, costUsd }: EditFlags): RecordEdit {
  return {
    ...(provider !== undefined && { provider }),
    ...(model !== undefined && { model }),
    ...(operation !== undefined && { operation }),
    ...(project !== undefined && { project: project === '' ? null : project }),
    ...(tag !== undefined && { tags: tag.filter((each) => each !== '') }),
    ...(note !== undefined && { note: note === '' ? null : note }),
    ...(costUsd !== undefined && { cost_usd: amount('--cost-usd', costUsd) }),
  };
}

export const command: CommandSpec<EditFlags> = {
  summary: 'change the model, provider, project, tags, note or cost of records',
  arguments: [{ name: '<id...>', help: 'ids of records, as printed by costs --recent 10 --json' }],
  options: [
    { flags: '--provider <name>', help: 'the new provider' },
    { flags: '--model <name>', help: 'the new model' },
    { flags: '--operation <name>', help: 'the new operation' },
    { flags: '--project <name>', help: 'the new project; "" removes it' },
    {
      flags: '--tag <tag>',
      help: 'the new tags, in place of all others (repeatable); "" removes them',
      repeatable: true,
    },
    { flags: '--note <text>', help: 'the new note; "" removes it' },
    { flags: '--cost-usd <amount>', help: 'the cost' },
    { flags: '--dry-run', help: 'show how many records would change, and change nothing' },
  ],
  examples: [
    'llm-spend edit 7c9e6679-7425-40de-944b-e07fc1f90ae7 --model gpt-5-mini',
    'llm-spend edit 7c9e6679-7425-40de-944b-e07fc1f90ae7 --cost-usd 0.25 --tag review',
  ],
  notes: t`A new model or provider recomputes an estimated or unknown cost. llm-spend undo reverts the edit.`,
  run: ({ flags, words: [ids], terminal }) => edit(ids as string[], flags, terminal),
};

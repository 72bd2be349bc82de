import type { CommandSpec } from '../../command.ts';
import { isAbove, receiptMarkdown, receiptNotes, receiptOf, type Receipt } from '../../../git/index.ts';
import { usdToNanos } from '../../../usage/money.ts';
import type { Group } from '../../../usage/query.ts';
import { totalsText } from '../../report/totals.ts';
import { amount, choice } from '../../arguments/arguments.ts';
import { warnOfDamage, withView, type LedgerFlag } from '../../arguments/ledgers.ts';
import { gitFailure, workingFolder } from '../../arguments/repositories.ts';
import { EXIT, usageError } from '../../output/exit.ts';
import { envelope, totalsJson, writeJson } from '../../output/json.ts';
import { table } from '../../output/table.ts';
import { styled, warn, type Terminal } from '../../output/terminal.ts';
import { groupTable } from '../../report/groups.ts';
import { USD } from '../../report/money.ts';
import { counted } from '../../report/numbers.ts';
import { t, tMessage } from '../../language/text.ts';

export interface ReceiptFlags extends LedgerFlag {
  pr?: boolean;
  max?: string;
  format?: string;
  json?: boolean;
}

const FORMATS = ['text', 'markdown', 'json'] as const;
const MOST_COMMITS = 20;

/** `llm-spend receipt [RANGE]`: the cost of some commits or of a pull request. */
export async function receipt(range: string | undefined, flags: ReceiptFlags, terminal: Terminal): Promise<number> {
  if (range !== undefined && flags.pr === true) {
    throw usageError(t`--pr: cannot be combined with a range. Give one or the other.`, '--pr');
  }
  const format = flags.format === undefined ? 'text' : choice('--format', flags.format, FORMATS);
  const limit = flags.max === undefined ? undefined : usdToNanos(amount('--max', flags.max));
  return withView(flags, async (sources) => {
    const result = await receiptOf(sources.view, {
      folder: workingFolder(),
      range,
      env: terminal.env,
      now: terminal.now(),
    }).catch((error: unknown) => {
      throw gitFailure(error);
    });
    const isOver = limit !== undefined && isAbove(result.totals, limit);
    if (flags.json === true || format === 'json') await writeJson(terminal.out, receiptJson(result, isOver));
    else if (format === 'markdown') await terminal.out.write(receiptMarkdown(result));
    else await terminal.out.line(receiptLines(result, terminal));
    const damage = await warnOfDamage(sources, terminal);
    if (!isOver) return damage;
    await warn(terminal, t`The receipt is above --max ${flags.max}: ${totalsText(result.totals)}.`);
    return EXIT.limit;
  });
}

function receiptLines(result: Receipt, { out }: Terminal): string {
  const { repository, range, commits, totals, byModel, byAuthor, notCommitted, isShallow } = result;
  const options = { width: out.columns, head: (line: string): string => styled(out, 'bold', line) };
  const costly = commits.filter((each) => each.totals.records > 0);
  const parts = [
    styled(out, 'bold', `${repository} ${range}: ${totalsText(totals)}`),
    t`${counted(commits.length, 'commit')}, ${costly.length} with usage`,
  ];
  if (totals.records > 0) {
    const grouped = (by: 'model' | 'user', groups: readonly Group[], title: string): string =>
      `${styled(out, 'bold', title)}\n${groupTable({ by: [by], groups }, USD, { ...options, indent: 2 })}`;
    parts.push(grouped('model', byModel, t`By model`), grouped('user', byAuthor, t`By author`));
    const rows = costly
      .slice(0, MOST_COMMITS)
      .map(({ commit, totals: each }) => [commit.hash.slice(0, 10), commit.subject, totalsText(each)]);
    const columns = [
      { title: t`Commit` },
      { title: t`Subject`, shrinks: true },
      { title: t`Cost`, align: 'right' },
    ] as const;
    const rest = costly.length - rows.length;
    const more = rest > 0 ? `\n  ${t`and ${rest} more: llm-spend receipt --json`}` : '';
    parts.push(`${styled(out, 'bold', t`By commit`)}\n${table(columns, rows, { ...options, indent: 2 })}${more}`);
  }
  return [...parts, ...receiptNotes(totals, notCommitted, isShallow).map(tMessage)].join('\n\n');
}

function receiptJson(result: Receipt, isOver: boolean): object {
  const groups = (name: string, list: readonly Group[]): object[] =>
    list.map(({ key, totals }) => ({ key: { [name]: key[0] ?? null }, ...totalsJson(totals) }));
  return envelope('receipt', {
    repository: result.repository,
    range: result.range,
    totals: totalsJson(result.totals),
    by_model: groups('model', result.byModel),
    by_author: groups('author', result.byAuthor),
    commits: result.commits.map(({ commit, totals }) => ({
      commit: commit.hash,
      subject: commit.subject,
      author: commit.author,
      authored_at: new Date(commit.authoredAt).toISOString(),
      ...totalsJson(totals),
    })),
    not_committed: totalsJson(result.notCommitted),
    shallow: result.isShallow,
    over_max: isOver,
  });
}

export const command: CommandSpec<ReceiptFlags> = {
  summary: 'show what commits or a pull request cost',
  arguments: [{ name: '[range]', help: 'commits as git names them: main..HEAD, v1.2..v1.3, or one commit' }],
  options: [
    { flags: '--pr', help: 'the commits of this branch that its target lacks (default without a range)' },
    { flags: '--max <usd>', help: 'exit with 4 if the paid cost is above this amount' },
    { flags: '--format <format>', help: t`${FORMATS.join(', ')} (default: text)` },
    {
      flags: '--with <file>',
      help: 'also count this ledger; a record in several ledgers counts once (repeatable)',
      repeatable: true,
    },
  ],
  examples: [
    'llm-spend receipt',
    'llm-spend receipt main..HEAD --format markdown',
    'llm-spend receipt --pr --max 5',
    'llm-spend receipt HEAD --json',
  ],
  notes: t`Usage belongs to the first commit after it on the same branch and worktree. See docs/git.md.\nGit only reads the repository of the working folder; run this only where you trust it.`,
  run: ({ flags, words: [range], terminal }) => receipt(range as string | undefined, flags, terminal),
};

import type { CommandSpec } from '../../command.ts';
import { readSamples, samplesPath, type SessionCost } from '../../../library/agentSamples.ts';
import { keepClaudeLogs, liveAgents, SettingsError, type KeptLogs } from '../../../live/index.ts';
import { coverageOf } from '../../../sources/coverage.ts';
import { scanRecords } from '../../../sources/scan.ts';
import { ownEnvironment } from '../../../system/paths.ts';
import { usdToNanos } from '../../../usage/money.ts';
import { valueNanos } from '../../../usage/query.ts';
import type { Ask } from '../../../usage/summary.ts';
import { localCalendar } from '../../../usage/time/calendar.ts';
import { currentQuota, sampledEnd } from '../../../usage/time/quota.ts';
import { positive } from '../../arguments/arguments.ts';
import { ledgerPath, ledgersJson, warnOfDamage, withView, type LedgerFlag } from '../../arguments/ledgers.ts';
import { CliError, EXIT } from '../../output/exit.ts';
import { envelope, writeJson } from '../../output/json.ts';
import type { Terminal } from '../../output/terminal.ts';
import { counted } from '../../report/numbers.ts';
import { doctorJson, doctorText, type DoctorReport } from '../../report/doctor.ts';
import { userPrices } from '../../userPrices.ts';
import { t } from '../../language/text.ts';

export interface DoctorFlags extends LedgerFlag {
  keepLogs?: string;
  json?: boolean;
}

const DAY_MS = 86_400_000;

/** `llm-spend doctor`: reports the sources of usage, their gaps, and how to close them. */
export async function doctor(flags: DoctorFlags, terminal: Terminal): Promise<number> {
  if (flags.keepLogs !== undefined) return keepLogs(positive('--keep-logs', flags.keepLogs), flags, terminal);
  return withView(flags, async (sources) => {
    const now = terminal.now();
    const ask: Ask = (query) => sources.view.aggregate(query);
    const scan = await scanRecords(sources.ledgers);
    const samples = readSamples(samplesPath(ledgerPath(flags)));
    const { date, version } = (await (await userPrices()).pricer())?.table.version ?? { date: '', version: '' };
    const report: DoctorReport = {
      sources: await coverageOf(ask, { environment: ownEnvironment(), calendar: localCalendar(), now }),
      scan,
      live: liveAgents(scan),
      quota: currentQuota(samples.quota, now).map((sample) => ({
        sample,
        end: sampledEnd(sample, samples.quota, now),
      })),
      sessions: await comparedSessions(samples.sessions, ask),
      prices: { version, date, days: date === '' ? undefined : Math.floor((now - Date.parse(date)) / DAY_MS) },
      now,
    };
    if (flags.json === true) {
      const body = { ledgers: ledgersJson(sources), ...doctorJson(report) };
      await writeJson(terminal.out, envelope('doctor', body));
    } else await terminal.out.line(doctorText(report, terminal));
    return warnOfDamage(sources, terminal);
  });
}

/** The cost of sessions by Claude Code's own count, and by the records that its log gave; only of sessions that have any. */
async function comparedSessions(sessions: readonly SessionCost[], ask: Ask): Promise<DoctorReport['sessions']> {
  if (sessions.length === 0) return undefined;
  const values = { agent: ['claude-code'], session: sessions.map(({ session }) => session) };
  const calendar = { timeZone: 'UTC', firstDayOfWeek: 1 };
  const groups = await ask({ filter: { values }, groupBy: ['session'], calendar });
  const known = new Map(groups.map(({ key, totals }) => [key[0], valueNanos(totals)]));
  const compared = { sessions: 0, agentNanos: 0n, logNanos: 0n };
  for (const { session, cost } of sessions) {
    const nanos = known.get(session);
    if (nanos === undefined) continue;
    compared.sessions++;
    compared.agentNanos += usdToNanos(cost);
    compared.logNanos += nanos;
  }
  return compared.sessions === 0 ? undefined : compared;
}

async function keepLogs(days: number, flags: DoctorFlags, terminal: Terminal): Promise<number> {
  let kept: KeptLogs;
  try {
    kept = await keepClaudeLogs(ownEnvironment(), days);
  } catch (error) {
    if (error instanceof SettingsError) throw new CliError('settings', error.message);
    throw error;
  }
  if (flags.json === true) {
    await writeJson(terminal.out, envelope('doctor', { file: kept.file, before_days: kept.before, days: kept.after }));
  } else {
    const already = t`Claude Code keeps its logs for ${counted(kept.before, 'day')} already.`;
    const raised = t`Claude Code keeps its logs for ${counted(kept.after, 'day')} now (${kept.before} before): ${kept.file}`;
    await terminal.out.line(kept.before === kept.after ? already : raised);
  }
  return EXIT.done;
}

export const command: CommandSpec<DoctorFlags> = {
  summary: 'show the agents whose usage is recorded, the days that are missing, and how to add them',
  options: [
    { flags: '--keep-logs <days>', help: 'make Claude Code keep its logs for so many days, in its user settings' },
  ],
  examples: ['llm-spend doctor', 'llm-spend doctor --json', 'llm-spend doctor --keep-logs 365'],
  notes: t`It reads the names of log files and the ledgers. Without --keep-logs it changes nothing.`,
  run: ({ flags, terminal }) => doctor(flags, terminal),
};

import { readBudgets } from '../../budgets/budgetFile.ts';
import { budgetStates, type BudgetAnswers } from '../../budgets/budgetState.ts';
import { notifyDesktop } from '../../budgets/desktop.ts';
import { sendToWebhooks, webhookMessage } from '../../budgets/notify.ts';
import { dueWarnings } from '../../budgets/warnings.ts';
import type { Calendar } from '../../usage/query.ts';
import { envelope, writeJsonLine } from '../output/json.ts';
import type { LedgerFlag } from '../arguments/ledgerPath.ts';
import { warn, type Terminal } from '../output/terminal.ts';
import { FollowedTeam } from './followedTeam.ts';
import { warningWords } from './budgetWords.ts';
import { t } from '../language/text.ts';

/** How often the team's ledger is asked while a budget covers several machines, ms. */
const TEAM_MS = 5_000;

/** Shows the warnings of budgets while a command watches the ledger. */
export class BudgetWarnings {
  readonly #answers: BudgetAnswers;
  readonly #terminal: Terminal;
  readonly #isJson: boolean;
  readonly #team: FollowedTeam;
  readonly #sending = new Set<Promise<void>>();
  #retry: NodeJS.Timeout | undefined;
  readonly #problems = new Set<string>();

  constructor(answers: BudgetAnswers, terminal: Terminal, { json, ...flags }: LedgerFlag & { json?: boolean }) {
    this.#answers = answers;
    this.#terminal = terminal;
    this.#isJson = json === true;
    this.#team = new FollowedTeam(flags, terminal.now);
  }

  /**
   * Looks at all budgets.
   * @param again is called when it should look again, because another process may not have shown its warning.
   */
  async look(calendar: Calendar, again: () => void): Promise<void> {
    const now = this.#terminal.now();
    const budgets = await this.#budgets();
    const { team, problem } = await this.#team.refresh(budgets);
    if (problem !== undefined) await this.#report(problem);
    const answers: BudgetAnswers = {
      aggregate: (query) => this.#answers.aggregate(query),
      isPartial: this.#answers.isPartial,
      team,
    };
    const states = await budgetStates(budgets, answers, now, calendar);
    const { warnings, retryAt } = await dueWarnings(states, { answers, calendar, now });
    for (const warning of warnings) {
      const text = warningWords(warning, calendar.timeZone);
      const message = webhookMessage(warning, calendar.timeZone);
      if (this.#isJson) {
        await writeJsonLine(
          this.#terminal.out,
          envelope('watch', { event: 'budget', text: message.text, ...message.data }),
        );
      } else await warn(this.#terminal, text);
      this.#await(warning.shown());
      void notifyDesktop(text);
      this.#send(message);
    }
    clearTimeout(this.#retry);
    const teamAt = team === undefined ? Infinity : this.#terminal.now() + TEAM_MS;
    const next = Math.min(retryAt ?? Infinity, teamAt);
    if (next < Infinity) this.#retry = setTimeout(again, next - now + 1);
  }

  /** Waits for messages that are being sent. */
  async close(): Promise<void> {
    clearTimeout(this.#retry);
    await Promise.all(this.#sending);
    await this.#team.close();
  }

  #send(message: Parameters<typeof sendToWebhooks>[0]): void {
    const sending = sendToWebhooks(message).then(async (failures) => {
      for (const failure of failures) await warn(this.#terminal, t`Webhook ${failure}`);
    });
    this.#await(sending);
  }

  #await(sending: Promise<void>): void {
    this.#sending.add(sending);
    void sending.then(() => this.#sending.delete(sending));
  }

  /** Warns of a problem once. */
  async #report(problem: string): Promise<void> {
    if (this.#problems.has(problem)) return;
    this.#problems.add(problem);
    await warn(this.#terminal, problem);
  }

  /** A file that cannot be read is reported once, and watching goes on. */
  async #budgets(): Promise<ReturnType<typeof readBudgets>['budgets']> {
    try {
      const { budgets, problems } = readBudgets();
      for (const problem of problems) await this.#report(problem);
      return budgets;
    } catch (error) {
      await this.#report((error as Error).message);
      return [];
    }
  }
}

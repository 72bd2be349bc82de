import { readBudgets } from '../../budgets/budgetFile.ts';
import { budgetStates, type BudgetAnswers } from '../../budgets/budgetState.ts';
import { notifyDesktop } from '../../budgets/desktop.ts';
import { sendToWebhooks, warningText, webhookMessage } from '../../budgets/notify.ts';
import { dueWarnings } from '../../budgets/warnings.ts';
import type { Calendar } from '../../usage/query.ts';
import { jsonText } from '../../usage/jsonText.ts';
import { envelope } from '../output/json.ts';
import { warn, type Terminal } from '../output/terminal.ts';

/** Shows the warnings of budgets while a command watches the ledger. */
export class BudgetWarnings {
  readonly #answers: BudgetAnswers;
  readonly #terminal: Terminal;
  readonly #isJson: boolean;
  readonly #sending = new Set<Promise<void>>();
  #retry: NodeJS.Timeout | undefined;
  #problem = '';

  constructor(answers: BudgetAnswers, terminal: Terminal, isJson: boolean) {
    this.#answers = answers;
    this.#terminal = terminal;
    this.#isJson = isJson;
  }

  /**
   * Looks at all budgets.
   * @param again is called when it should look again, because another process may not have shown its warning.
   */
  async look(calendar: Calendar, again: () => void): Promise<void> {
    const now = this.#terminal.now();
    const states = await budgetStates(await this.#budgets(), this.#answers, now, calendar);
    const { warnings, retryAt } = await dueWarnings(states, { answers: this.#answers, calendar, now });
    for (const warning of warnings) {
      const text = warningText(warning, calendar.timeZone);
      const message = webhookMessage(warning, calendar.timeZone);
      if (this.#isJson) {
        await this.#terminal.out.line(jsonText(envelope('watch', { event: 'budget', text, ...message.data })));
      } else await warn(this.#terminal, text);
      warning.shown();
      void notifyDesktop(text);
      this.#send(message);
    }
    clearTimeout(this.#retry);
    if (retryAt !== undefined) this.#retry = setTimeout(again, retryAt - now + 1);
  }

  /** Waits for messages that are being sent. */
  async close(): Promise<void> {
    clearTimeout(this.#retry);
    await Promise.all(this.#sending);
  }

  #send(message: Parameters<typeof sendToWebhooks>[0]): void {
    const sending = sendToWebhooks(message).then(async (failures) => {
      for (const failure of failures) await warn(this.#terminal, `Webhook ${failure}`);
    });
    this.#sending.add(sending);
    void sending.then(() => this.#sending.delete(sending));
  }

  /** A file that cannot be read is reported once, and watching goes on. */
  async #budgets(): Promise<ReturnType<typeof readBudgets>['budgets']> {
    let problem = '';
    try {
      const { budgets, problems } = readBudgets();
      problem = problems.join(' ');
      return budgets;
    } catch (error) {
      problem = (error as Error).message;
      return [];
    } finally {
      if (problem !== '' && problem !== this.#problem) await warn(this.#terminal, problem);
      this.#problem = problem;
    }
  }
}

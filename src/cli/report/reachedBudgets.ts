import type { Budget } from '../../budgets/budget.ts';
import { readBudgets } from '../../budgets/budgetFile.ts';
import { budgetStates, type BudgetAnswers, type BudgetState } from '../../budgets/budgetState.ts';
import { stateWords } from './budgetWords.ts';
import type { Calendar } from '../../usage/query.ts';
import { plain } from '../../usage/text.ts';
import { selection } from '../arguments/filters.ts';
import type { Sources } from '../arguments/ledgers.ts';
import { t, tMessage } from '../language/text.ts';

/** The budgets that have reached a level, nearest to its limit first. @throws {BudgetFileError} when their file cannot be read. */
export async function reachedBudgets(answers: BudgetAnswers, now: number, calendar: Calendar): Promise<BudgetState[]> {
  return reached(readBudgets().budgets, answers, now, calendar);
}

async function reached(
  budgets: readonly Budget[],
  answers: BudgetAnswers,
  now: number,
  calendar: Calendar,
): Promise<BudgetState[]> {
  const states = await budgetStates(budgets, answers, now, calendar);
  return states.filter(({ level }) => level !== undefined).toSorted((a, b) => b.percent - a.percent);
}

/** Describes the budgets that have reached a level, and those that cannot be used, a sentence for each. Never rejects, because a report does not depend on them. */
export async function budgetNotes({ view, scoped }: Sources, now: number, calendar: Calendar): Promise<string[]> {
  try {
    const { budgets: all, problems } = readBudgets();
    // The ledger of a team cannot answer for this machine's budgets.
    const budgets = scoped === undefined ? all : all.filter(({ scope }) => scope === scoped.scope);
    const answers: BudgetAnswers = {
      aggregate: (query) => view.aggregate(query),
      isPartial: view.isPartial,
      team: scoped?.team,
    };
    const notes = (await reached(budgets, answers, now, calendar)).map((state) => {
      const name = plain(state.budget.name, { max: 40 });
      return state.isOver
        ? t`Budget ${name} is used up: ${stateWords(state)}.`
        : t`Budget ${name}: ${stateWords(state)}.`;
    });
    return [...notes, ...problems.map(tMessage)];
  } catch (error) {
    return [t`The budgets are not known: ${tMessage((error as Error).message)}`];
  }
}

/** The budget that is nearest to its limit. undefined: none has reached a level, or their file cannot be read, which `costs` reports. */
export async function nearestBudget(answers: BudgetAnswers, now: number): Promise<BudgetState | undefined> {
  try {
    return (await reachedBudgets(answers, now, selection({}, now).calendar))[0];
  } catch {
    return undefined;
  }
}

/** `budget site 84 %`, at its limit `budget site used up`. */
export function shareText({ budget, percent, isOver, isAtLeast }: BudgetState): string {
  const name = plain(budget.name, { max: 20 });
  if (isOver) return t`budget ${name} used up`;
  const share = Math.floor(percent);
  return isAtLeast ? t`budget ${name} at least ${share} %` : t`budget ${name} ${share} %`;
}

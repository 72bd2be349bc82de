import { budgetState, type BudgetState } from '../budgets/budgetState.ts';
import { budgetAmount, stateText } from '../budgets/budgetText.ts';
import { answer, DATA_NOTE, PARTIAL_NOTE, quoted } from './answer.ts';
import type { Tool } from './tool.ts';

export const budgetsLeft: Tool = {
  name: 'budgets_left',
  title: 'Budgets left',
  description: 'How much of each budget is spent and left.',
  input: { type: 'object', properties: {}, additionalProperties: false },
  isReadOnly: true,
  run: async (_input, context) => {
    const { budgets, problems } = context.budgets();
    const unusable = problems.length > 0 ? [`${problems.length} entries of budgets.json cannot be used.`] : [];
    if (budgets.length === 0) return ['No budgets are set.', ...unusable].join('\n');
    const states = await Promise.all(
      budgets.map((budget) => budgetState(budget, context, context.now(), context.calendar())),
    );
    return answer(['Budgets:'], states.map(line), [
      ...unusable,
      ...(context.isPartial ? [PARTIAL_NOTE] : []),
      DATA_NOTE,
    ]);
  },
};

function line(state: BudgetState): string {
  const { budget, spent, limit, isOver, isAtLeast } = state;
  const left = isOver ? 'used up' : `${isAtLeast ? 'at most ' : ''}${budgetAmount(budget, limit - spent)} left`;
  return `- ${quoted(budget.name)}: ${stateText(state)}, ${left}`;
}

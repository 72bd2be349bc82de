import { formatTotals } from '../usage/summary.ts';
import { answer, DATA_NOTE, PARTIAL_NOTE, quoted } from './answer.ts';
import { describe } from './spend.ts';
import { ToolInputError, type Tool } from './tool.ts';

const MOST_LINES = 5;

export const receiptTool: Tool = {
  name: 'receipt',
  title: 'Receipt of commits',
  description: 'What a commit, a range or the current branch of the repository cost.',
  input: {
    type: 'object',
    properties: { range: { type: 'string', description: 'such as HEAD or main..HEAD; default the branch' } },
    additionalProperties: false,
  },
  isReadOnly: true,
  run: async (input, context) => {
    const folder = context.repository();
    if (folder === undefined) throw new ToolInputError('There is no trusted folder with a repository.');
    const range = input['range'] as string | undefined;
    // The extension has this code in a bundle that it loads on demand.
    const { receiptOf } = await import('../git/index.ts');
    try {
      const receipt = await receiptOf(context, { folder, range, now: context.now() });
      const { commits, totals, byModel, notCommitted } = receipt;
      const models = byModel
        .slice(0, MOST_LINES)
        .map(({ key, totals: of }) => `- model ${quoted(key[0] ?? null)}: ${describe(of)}`);
      const dear = commits
        .filter(({ totals: of }) => of.records > 0)
        .slice(0, MOST_LINES)
        .map(({ commit, totals: of }) => `- commit ${commit.hash.slice(0, 10)}: ${formatTotals(of)}`);
      return answer(
        [
          `Receipt of ${receipt.range.slice(0, 100)}, ${commits.length} ${commits.length === 1 ? 'commit' : 'commits'}: ${describe(totals)}`,
        ],
        [...models, ...dear],
        [
          ...(notCommitted.records > 0 ? [`Not committed yet: ${describe(notCommitted)}`] : []),
          ...(receipt.isShallow ? ['The clone is shallow: costs of older commits may be missing.'] : []),
          ...(context.isPartial ? [PARTIAL_NOTE] : []),
          DATA_NOTE,
        ],
      );
    } catch (error) {
      if (error instanceof Error && error.name === 'GitError') throw new ToolInputError(error.message);
      throw error;
    }
  },
};

/**
 * Commit costs, for the editor: a bundle that the extension loads once a view of them is shown, so that its start does not pay for
 * it.
 */
export { branchCosts } from './branchCosts.ts';
export type { BranchCosts, CommitRow } from './branchCosts.ts';
export { pullRange } from './range.ts';
export { costOfRange, receiptOf } from './receipt.ts';
export { costTrailer, receiptMarkdown } from './receiptText.ts';
export { GitRepositories } from './repositories.ts';
export { CloneReader } from './cloneReader.ts';

/** Commit costs: a bundle that the extension and the command load when they are first asked for. */
export { branchCosts } from './branchCosts.ts';
export type { BranchCosts, CommitRow } from './branchCosts.ts';
export { gitGroups } from './gitGroups.ts';
export { pullRange } from './range.ts';
export { costOfRange, receiptOf } from './receipt.ts';
export type { Receipt } from './receipt.ts';
export { costTrailer, isAbove, receiptMarkdown, receiptNotes } from './receiptText.ts';
export { GitRepositories } from './repositories.ts';
export { CloneReader } from './cloneReader.ts';

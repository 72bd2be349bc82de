import * as vscode from 'vscode';
import { showInfo } from '../common/dialogs.ts';
import type { CommitCosts } from './commitCosts.ts';
import { isCommitNode } from './commitTree.ts';

/** Copies the receipt of a commit, or without one that of the branch, as Markdown. */
export async function copyReceipt(costs: CommitCosts, argument: unknown): Promise<void> {
  const node = isCommitNode(argument) ? argument : undefined;
  const hash = node?.kind === 'commit' ? node.row.commit.hash : hashOfTimeline(argument);
  const top = node?.branch.top ?? (await chosenTop(costs, argument));
  if (top === undefined) return;
  const receipt = await costs.receipt(top, hash);
  await vscode.env.clipboard.writeText(receipt ?? '');
  showInfo(vscode.l10n.t('Copied the receipt as Markdown.'));
}

/** Writes the cost of the work that is not committed yet as a trailer into the commit box. */
export async function addCostTrailer(costs: CommitCosts, argument: unknown): Promise<void> {
  const { t } = vscode.l10n;
  const top = await chosenTop(costs, argument);
  if (top === undefined) return;
  const trailer = await costs.trailer(top);
  if (trailer === undefined) {
    showInfo(t('The work that is not committed yet has no usage.'));
    return;
  }
  const repository = costs.api?.repositories.find(({ rootUri }) => rootUri.fsPath === top);
  if (repository === undefined) throw new Error(t('The commit box of this repository is not open.'));
  repository.inputBox.value = withTrailer(repository.inputBox.value, trailer);
}

/** Replaces an earlier trailer; trailers are the last paragraph of a message. */
export function withTrailer(message: string, trailer: string): string {
  const rest = message.replace(/^LLM-Cost:.*\n?/gm, '').trimEnd();
  if (rest === '') return `\n\n${trailer}`;
  const isTrailer = /(^|\n)[A-Za-z][\w-]*: .*$/.test(rest) && rest.includes('\n\n');
  return `${rest}${isTrailer ? '\n' : '\n\n'}${trailer}`;
}

async function chosenTop(costs: CommitCosts, argument: unknown): Promise<string | undefined> {
  const { t } = vscode.l10n;
  const branches = await costs.now();
  const root = (argument as { rootUri?: vscode.Uri } | undefined)?.rootUri?.fsPath;
  const named = branches.find(({ top }) => top === root);
  if (named !== undefined) return named.top;
  if (branches.length === 0) throw new Error(costs.problem ?? t('This window has no git repository.'));
  if (branches.length === 1) return branches[0]!.top;
  const picks = branches.map(({ top, costs: { repository } }) => ({ label: repository, description: top, top }));
  return (await vscode.window.showQuickPick(picks, { placeHolder: t('Choose a repository') }))?.top;
}

/** The commit of an entry of the timeline, which the git extension makes. */
function hashOfTimeline(argument: unknown): string | undefined {
  const { ref, id } = (argument ?? {}) as { ref?: unknown; id?: unknown };
  return [ref, id].find((each): each is string => typeof each === 'string' && /^[0-9a-f]{40,64}$/.test(each));
}

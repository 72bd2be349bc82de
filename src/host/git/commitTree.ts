import * as vscode from 'vscode';
import { SETTINGS, VIEWS } from '../../contributions.ts';
import type { CommitRow } from '../../git/index.ts';
import type { Totals } from '../../usage/query.ts';
import { formatTotals } from '../../usage/summary.ts';
import { markdownText, plain } from '../../usage/text.ts';
import { calls, costNotes, type TextStyle } from '../common/costText.ts';
import { onDidChangeSettings, regionalLocale } from '../common/settings.ts';
import type { CommitCosts, ShownBranch } from './commitCosts.ts';
import { inLanguage } from '../common/language.ts';

const MAX_LABEL = 100;

/** A row of the view: a repository, usage without a commit, or a commit. */
export type CommitNode =
  | { readonly kind: 'repository'; readonly branch: ShownBranch }
  | { readonly kind: 'rest'; readonly branch: ShownBranch; readonly name: RestName; readonly totals: Totals }
  | { readonly kind: 'commit'; readonly branch: ShownBranch; readonly row: CommitRow };

type RestName = 'notCommitted' | 'notCommittedElsewhere' | 'notAttributed';

/** Whether the argument of a command is a row of the view. */
export function isCommitNode(value: unknown): value is CommitNode {
  return typeof value === 'object' && value !== null && 'kind' in value && 'branch' in value;
}

/** The commits of the branch with their cost, in Source Control. Work that is not committed yet comes first. */
export class CommitTree implements vscode.TreeDataProvider<CommitNode>, vscode.Disposable {
  readonly #costs: CommitCosts;
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly #view: vscode.TreeView<CommitNode>;
  readonly #subscriptions: vscode.Disposable[];
  #use: vscode.Disposable | undefined;

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(costs: CommitCosts) {
    this.#costs = costs;
    this.#view = vscode.window.createTreeView(VIEWS.commits, { treeDataProvider: this, showCollapseAll: true });
    this.#subscriptions = [
      this.#changed,
      this.#view,
      this.#view.onDidChangeVisibility(({ visible }) => this.#follow(visible)),
      costs.onDidChange(() => this.#show()),
      onDidChangeSettings([SETTINGS.currency], () => this.#show()),
    ];
    this.#follow(this.#view.visible);
  }

  dispose(): void {
    this.#use?.dispose();
    for (const each of this.#subscriptions) each.dispose();
  }

  getChildren(node?: CommitNode): CommitNode[] {
    if (node?.kind === 'rest') return [];
    if (node?.kind === 'commit') return node.row.merged.map((row) => ({ kind: 'commit', branch: node.branch, row }));
    if (node !== undefined) return rowsOf(node.branch);
    const { branches } = this.#costs;
    return branches.length === 1 ? rowsOf(branches[0]!) : branches.map((branch) => ({ kind: 'repository', branch }));
  }

  getTreeItem(node: CommitNode): vscode.TreeItem {
    const style: TextStyle = { locale: regionalLocale(), t: vscode.l10n.t };
    const item = new vscode.TreeItem('');
    const label = plain(labelOf(node), { max: MAX_LABEL });
    const cost = costOf(node, style);
    item.label = label;
    item.id = idOf(node);
    item.description = cost;
    item.iconPath = new vscode.ThemeIcon(iconOf(node));
    item.contextValue = node.kind;
    item.accessibilityInformation = { label: `${label}, ${cost}` };
    item.tooltip = tooltip(node, label, style);
    const hasChildren = node.kind === 'repository' || (node.kind === 'commit' && node.row.merged.length > 0);
    if (hasChildren) {
      const { Expanded, Collapsed } = vscode.TreeItemCollapsibleState;
      item.collapsibleState = node.kind === 'repository' ? Expanded : Collapsed;
    }
    return item;
  }

  #follow(isVisible: boolean): void {
    if (isVisible) this.#use ??= this.#costs.use();
    else {
      this.#use?.dispose();
      this.#use = undefined;
    }
  }

  #show(): void {
    const { branches, problem } = this.#costs;
    this.#view.message = problem === undefined ? '' : plain(inLanguage(problem));
    this.#view.description = branches.length === 1 ? plain(branches[0]!.costs.branch ?? '', { max: MAX_LABEL }) : '';
    this.#changed.fire(undefined);
  }
}

function rowsOf(branch: ShownBranch): CommitNode[] {
  const { costs } = branch;
  const rest = (name: RestName): CommitNode => ({ kind: 'rest', branch, name, totals: costs[name] });
  const further = (['notCommittedElsewhere', 'notAttributed'] as const).filter((name) => costs[name].records > 0);
  return [
    rest('notCommitted'),
    ...costs.commits.map((row): CommitNode => ({ kind: 'commit', branch, row })),
    ...further.map(rest),
  ];
}

function labelOf(node: CommitNode): string {
  const { t } = vscode.l10n;
  if (node.kind === 'repository') return node.branch.costs.repository;
  if (node.kind === 'commit') return node.row.commit.subject;
  if (node.name === 'notCommitted') return t('Not committed yet');
  return node.name === 'notAttributed' ? t('Not attributed to a commit') : t('Not committed yet on other branches');
}

function totalsOf(node: CommitNode): Totals | undefined {
  if (node.kind === 'repository') return node.branch.costs.ofBranch;
  return node.kind === 'commit' ? node.row.totals : node.totals;
}

function costOf(node: CommitNode, { locale, t }: TextStyle): string {
  const totals = totalsOf(node);
  if (totals === undefined) return node.branch.costs.branch ?? '';
  return totals.records === 0 ? t('no usage') : formatTotals(totals, locale);
}

function iconOf(node: CommitNode): string {
  if (node.kind === 'repository') return 'repo';
  if (node.kind === 'commit') return node.row.commit.parents.length > 1 ? 'git-merge' : 'git-commit';
  return node.name === 'notAttributed' ? 'question' : 'edit';
}

/** Stable over refreshes, so that the editor keeps expanded and selected rows. */
function idOf(node: CommitNode): string {
  if (node.kind === 'repository') return node.branch.top;
  return `${node.branch.top} ${node.kind === 'commit' ? node.row.commit.hash : node.name}`;
}

function tooltip(node: CommitNode, label: string, style: TextStyle): vscode.MarkdownString {
  const totals = totalsOf(node);
  const lines = [`**${markdownText(label, { max: MAX_LABEL })}**`];
  if (node.kind === 'commit') {
    const { hash, author, authoredAt } = node.row.commit;
    const time = new Intl.DateTimeFormat(style.locale, { dateStyle: 'medium', timeStyle: 'short' }).format(authoredAt);
    lines.push(`${hash.slice(0, 10)} ${markdownText(author, { max: MAX_LABEL })}, ${markdownText(time)}`);
    if (node.row.merged.length > 0) {
      lines.push(markdownText(style.t('Includes the {0} commits that it merged.', node.row.merged.length)));
    }
  }
  if (totals !== undefined && totals.records > 0) {
    lines.push(markdownText(`${formatTotals(totals, style.locale)}, ${calls(totals.records, style)}`));
    lines.push(...costNotes(totals, style).map((note) => markdownText(note)));
  }
  return new vscode.MarkdownString(lines.join('\n\n'));
}

import * as vscode from 'vscode';
import type { Source } from '../../sources/source.ts';
import { plain } from '../../usage/text.ts';
import { showFile, showWarning } from '../common/dialogs.ts';

/** A source in the output of `llm-spend import --json`. */
export interface SourceOutcome {
  /** Its id. */
  source: string;
  skips: readonly { reason: string; file: string; detail?: string }[];
}

/** Reasons for which the logs of an agent could not be read at all, or not in part. */
const UNREADABLE: ReadonlySet<string> = new Set(['unreadable', 'unreadable-folder']);

/** Whether folders or files of the source could not be read. */
export function isPartlyUnreadable({ skips }: SourceOutcome): boolean {
  return skips.some(({ reason }) => UNREADABLE.has(reason));
}

/**
 * Warns of each agent with folders or files that could not be read: its usage is incomplete.
 * @param agents for their titles.
 * @param again imports once more.
 */
export function warnOfUnreadable(
  sources: readonly SourceOutcome[],
  agents: readonly Source[],
  again: () => unknown,
): void {
  const { t } = vscode.l10n;
  for (const { source, skips } of sources) {
    const title = agents.find(({ id }) => id === source)?.title ?? source;
    const skip = skips.find(({ reason }) => UNREADABLE.has(reason));
    if (skip === undefined) continue;
    const { file, detail = '' } = skip;
    showWarning(t('Not all usage of {0} was imported: {1} cannot be read. {2}', title, plain(file), plain(detail)), {
      [t('Try Again')]: again,
      ...showFile(file),
    });
  }
}

import type { Choices } from '../../../src/protocol/choices.ts';
import type { HostAnswer } from '../../../src/protocol/messages.ts';
import type { UsageFilter } from '../../../src/usage/query.ts';
import { PAGE_SIZE, LoadedPages } from '../../model/pages.ts';
import { page as pageQuestion } from '../../model/questions.ts';
import type { AskHost } from '../../model/questions.ts';

/** The list to load rows of. */
export interface RecordList {
  readonly ask: AskHost;
  readonly filter: UsageFilter;
  readonly sort: Choices['recordsSort'];
}

type PageAnswer = Extract<HostAnswer, { kind: 'page' }>;

/** Maximum number of rows that one question may request. */
const MAX_ROWS_ASKED = 500;

/**
 * Loads pages together.
 * @returns undefined when the host did not answer with pages.
 * @throws {Superseded} when a newer call superseded this one.
 */
export async function loadPages(list: RecordList, pages: readonly number[]): Promise<LoadedPages | undefined> {
  const answers = await list.ask(
    'records',
    pages.map((page) => pageQuestion(list.filter, list.sort, page * PAGE_SIZE, PAGE_SIZE)),
  );
  const [first] = answers;
  if (first?.kind !== 'page') return undefined;
  return new LoadedPages(
    first.total,
    answers.flatMap((answer, index) => (answer.kind === 'page' ? [[pages[index] ?? 0, answer.rows] as const] : [])),
  );
}

/** Loads one page that was scrolled into view. Throws like {@link loadPages}. */
export async function loadPage(list: RecordList, page: number): Promise<PageAnswer | undefined> {
  const question = pageQuestion(list.filter, list.sort, page * PAGE_SIZE, PAGE_SIZE);
  const [answer] = await list.ask('scroll', [question]);
  return answer?.kind === 'page' ? answer : undefined;
}

/** The ids of the records at the positions `first` to `last`, loaded or not. Throws like {@link loadPages}. */
export async function idsBetween(list: RecordList, first: number, last: number): Promise<string[]> {
  const offsets: number[] = [];
  for (let offset = first; offset <= last; offset += MAX_ROWS_ASKED) offsets.push(offset);
  const answers = await list.ask(
    'selection',
    offsets.map((offset) => pageQuestion(list.filter, list.sort, offset, Math.min(MAX_ROWS_ASKED, last - offset + 1))),
  );
  return answers.flatMap((answer) => (answer.kind === 'page' ? answer.rows.map(({ record }) => record.usage_id) : []));
}

import { sentRecord } from '../ledger/postgres/index.ts';
import type { OutgoingRow } from '../ledger/postgres/index.ts';
import { sha256 } from '../system/random.ts';
import type { UsageRecord } from '../usage/record.ts';
import type { Membership } from './membership.ts';

type Choice = Pick<Membership, 'url' | 'user' | 'machine' | 'fields' | 'projects' | 'projectNames'>;

/** Returns the record as it leaves this machine: chosen fields only, never fields that we do not know. */
export function outgoingRecord(record: UsageRecord, choice: Choice): UsageRecord {
  const outgoing: Record<string, unknown> = {};
  for (const field of choice.fields) {
    const value = field === 'project' ? projectOf(record.project, choice) : record[field];
    if (value !== undefined && value !== null && value !== '') outgoing[field] = value;
  }
  if (choice.fields.includes('user')) outgoing['user'] ??= choice.user;
  if (choice.fields.includes('machine')) outgoing['machine'] ??= choice.machine;
  return outgoing as UsageRecord;
}

/** {@link outgoingRecord} with its columns. @throws {UsageError} when no ledger in PostgreSQL can store it. */
export function outgoing(record: UsageRecord, choice: Choice): OutgoingRow {
  const sent = outgoingRecord(record, choice);
  const text = JSON.stringify(sent);
  // 48 bits: exact as a number, and far more than enough to notice a change of one record.
  return sentRecord(sent, text, Number.parseInt(sha256(text).slice(0, 12), 16));
}

function projectOf(project: unknown, { url, projects, projectNames }: Choice): string | undefined {
  if (typeof project !== 'string' || project === '' || projects === 'none') return undefined;
  const mapped = projectNames[project];
  if (mapped !== undefined) return mapped;
  // A path reveals the user's folders; its last part is the project.
  const name = /^(?:[/~]|[A-Za-z]:[\\/])/.test(project)
    ? project.split(/[\\/]/).findLast((part) => part !== '')
    : project;
  if (name === undefined || projects === 'plain') return name;
  return `project-${sha256(Buffer.from(`${url}\n${name}`)).slice(0, 10)}`;
}

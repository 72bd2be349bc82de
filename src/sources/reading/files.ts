import { basename } from 'node:path';
import { AGENTS } from '../agents.ts';
import { claudeCode } from '../claude-code/index.ts';
import { codexExec } from '../codex/exec.ts';
import { codex } from '../codex/index.ts';
import { cursor, isCursorExport } from '../cursor/index.ts';
import { headOf } from './entries.ts';
import { geminiCli } from '../gemini-cli/index.ts';
import { genericSource } from '../generic/index.ts';
import type { Mapping } from '../generic/mapping.ts';
import { ledgerFile } from '../ledger-file/index.ts';
import { liteLlm } from '../litellm/index.ts';
import { openCode } from '../opencode/index.ts';
import { otel } from '../otel/index.ts';
import type { Source } from '../source.ts';

/** Forms that no source reads. Line by line they would look like entries without a time. */
function unreadForm(path: string, head: string): string | undefined {
  if (head.startsWith('\x1f\ufffd')) return `${path} is compressed. Convert it to UTF-8 text.`;
  return /^(?:\ufffd\ufffd|[[{]\0|\0[[{])/.test(head)
    ? `${path} is UTF-16 text, as Windows PowerShell writes it. Convert it to UTF-8 text.`
    : undefined;
}

/**
 * Identifies a file's source by its beginning. With a mapping it is the generic source.
 * @throws {Error} for a form that no source reads.
 */
export async function sourceOfFile(path: string, mapping: Mapping): Promise<Source> {
  if (Object.keys(mapping).length > 0) return genericSource(mapping);
  if (/\.(db|sqlite)$/i.test(path)) {
    return AGENTS.find((source) => source.matches(basename(path))) ?? openCode;
  }
  const head = await headOf(path);
  const problem = unreadForm(path, head);
  if (problem !== undefined) throw new Error(problem);
  if (isCursorExport(head)) return cursor;
  if (head.includes('gen_ai.')) return otel;
  if (head.includes('"token_count"') || head.includes('"session_meta"')) return codex;
  if (/"type":\s*"(thread\.started|turn\.completed)"/.test(head)) return codexExec;
  if (/"usage":\s*\{/.test(head) && /"sessionId"|"requestId"/.test(head)) return claudeCode;
  if (/"type":\s*"gemini"/.test(head)) return geminiCli;
  if (/\bspend\b/.test(head) && /\bstartTime\b/.test(head)) return liteLlm;
  if (/"cost_known"|"usage_id"/.test(head) && /"billing_mode"/.test(head)) return ledgerFile;
  return genericSource();
}

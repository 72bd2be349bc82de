import type { Sql, Step } from './server/connection.ts';
import { rebuildSummaries } from './sums/rebuilding.ts';

/** Updates of tables that older versions of LLM Spend made. */

/**
 * Waits for the writes that are under way, and makes others wait until the end of the transaction. They then see the new version
 * and end: a lock on rows alone would let one that waits for it continue with the version that it read before.
 */
export const KEEP_WRITERS_OUT = 'ALTER TABLE llm_spend.ledger ALTER COLUMN seq SET DEFAULT 0';

/** Fills in the guessed tokens of rollups from the records. @param hours the length of a slot. */
const fillEstimatedTokens = (hours: number): string =>
  `UPDATE llm_spend.rollup SET estimated_tokens = s.tokens FROM (
  SELECT ledger_id, CAST(floor(time_ms / ${hours * 3_600_000}.0) AS BIGINT) AS slot, series_id, sum(estimated_tokens) AS tokens
  FROM llm_spend.record WHERE counts AND series_id <> '' AND estimated_tokens <> 0 GROUP BY 1, 2, 3) AS s
  WHERE rollup.ledger_id = s.ledger_id AND rollup.hours = ${hours} AND rollup.slot = s.slot AND rollup.series_id = s.series_id`;

/** Everyone may do with the new sums what they may do with the old ones. */
async function grantSummaries(sql: Sql): Promise<void> {
  await copyGrants(sql, 'rollup', 'llm_spend.summary_day, llm_spend.summary_hour');
}

/** @param only the privileges that are copied. Default: all. */
async function copyGrants(sql: Sql, from: string, to: string, only?: readonly string[]): Promise<void> {
  const rows = await sql(
    `SELECT grantee, privilege_type FROM information_schema.table_privileges
     WHERE table_schema = 'llm_spend' AND table_name = $1 AND grantee <> current_user ORDER BY 1, 2`,
    [from],
  );
  for (const { grantee, privilege_type: privilege } of rows) {
    if (only?.includes(privilege!) === false) continue;
    const role = grantee === 'PUBLIC' ? grantee : `"${grantee!.replaceAll('"', '""')}"`;
    await sql(`GRANT ${privilege!} ON ${to} TO ${role}`);
  }
}

/** Those who send records may claim warnings. */
async function grantCrossings(sql: Sql): Promise<void> {
  await copyGrants(sql, 'usage_key', 'llm_spend.crossing', ['SELECT', 'INSERT', 'UPDATE']);
}

async function fillSummaries(sql: Sql): Promise<void> {
  const ledgers = await sql('SELECT ledger_id FROM llm_spend.ledger ORDER BY ledger_id');
  for (const { ledger_id: id } of ledgers) await rebuildSummaries(sql, id!);
}

/** The steps that turn the tables of a version into those of the next one, after the missing tables have been made. Each can be repeated. */
export const UPGRADES: ReadonlyMap<number, readonly Step[]> = new Map([
  [
    1,
    [
      'ALTER TABLE llm_spend.record ADD COLUMN IF NOT EXISTS estimated_tokens BIGINT NOT NULL DEFAULT 0',
      'ALTER TABLE llm_spend.rollup ADD COLUMN IF NOT EXISTS estimated_tokens NUMERIC NOT NULL DEFAULT 0',
      // A quotation mark inside of a JSON string has a backslash before it, so that only a field's name matches.
      `UPDATE llm_spend.record SET estimated_tokens = CAST(substring(text from '"estimated_tokens": *([0-9]{1,18})[,}]') AS BIGINT)
  WHERE text ~ '"estimated_tokens": *[0-9]{1,18}[,}]'`,
      fillEstimatedTokens(24),
      fillEstimatedTokens(1),
    ],
  ],
  [2, [grantSummaries, fillSummaries]],
  [3, [grantCrossings]],
]);

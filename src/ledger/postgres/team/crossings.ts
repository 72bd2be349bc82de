import { LedgerAccess } from '../access.ts';
import { parseAddress } from '../server/address.ts';
import { explained } from '../server/engine.ts';

/** `mine`: the caller has to show the warning. `shown`: it was shown. `held`: another process has claimed it, for so long at most. */
export type CrossingClaim = { kind: 'mine' } | { kind: 'shown' } | { kind: 'held'; leftMs: number };

/**
 * Warnings of budgets that several machines share: the rows of `crossing`. An exclusive insert decides which machine shows one. Only
 * the server's clock counts. All statements can be repeated, so a connection that is lost during a commit does no harm.
 */
export class TeamCrossings {
  readonly #access: LedgerAccess;

  constructor(url: string, now: () => number = Date.now) {
    this.#access = new LedgerAccess(parseAddress(url), now);
  }

  /**
   * Claims a warning, also one whose holder has not shown it within the lease.
   * @param lower ids of the warnings of lower levels. The message speaks of them, too.
   * @param holder a random id of this claim.
   * @throws {LedgerError} when the server cannot be used.
   */
  async claim(id: string, lower: readonly string[], { holder, leaseMs }: Claimant): Promise<CrossingClaim> {
    // Checks, and updates, the tables' version.
    await this.#access.ledgerRow();
    return explained(this.#access.address, async () => {
      if (!(await this.#insert(id, holder)) && !(await this.#takeOver(id, { holder, leaseMs }))) {
        const found = await this.#found(id, { holder, leaseMs });
        if (found.kind !== 'mine') return found;
      }
      await this.noteShown(lower);
      return { kind: 'mine' };
    });
  }

  /** Notes that warnings were shown. @throws {LedgerError} when the server cannot be used. */
  async noteShown(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await explained(this.#access.address, () =>
      this.#access.connection.change(
        `INSERT INTO llm_spend.crossing (ledger_id, warning_id, holder, shown)
         SELECT $1, w.id, '', TRUE FROM unnest($2::TEXT[]) AS w(id)
         ON CONFLICT (ledger_id, warning_id) DO UPDATE SET shown = TRUE`,
        [this.#access.ledgerId, [...ids].sort()],
      ),
    );
  }

  close(): Promise<void> {
    return this.#access.connection.close();
  }

  async #insert(id: string, holder: string): Promise<boolean> {
    const rows = await this.#access.connection.change(
      `INSERT INTO llm_spend.crossing (ledger_id, warning_id, holder) VALUES ($1, $2, $3)
       ON CONFLICT (ledger_id, warning_id) DO NOTHING RETURNING holder`,
      [this.#access.ledgerId, id, holder],
    );
    return rows.length > 0;
  }

  /** A claim of the future is from before the server's clock was set back. */
  async #takeOver(id: string, { holder, leaseMs }: Claimant): Promise<boolean> {
    const rows = await this.#access.connection.change(
      `UPDATE llm_spend.crossing SET holder = $3, claimed_at = now() WHERE ledger_id = $1 AND warning_id = $2
       AND NOT shown AND (claimed_at < now() - $4::BIGINT * INTERVAL '1 millisecond' OR claimed_at > now() + INTERVAL '1 minute')
       RETURNING holder`,
      [this.#access.ledgerId, id, holder, leaseMs],
    );
    return rows.length > 0;
  }

  async #found(id: string, { holder, leaseMs }: Claimant): Promise<CrossingClaim> {
    const [row] = await this.#access.connection.read(
      `SELECT holder, shown, CAST(extract(epoch FROM now() - claimed_at) * 1000 AS BIGINT) AS age
       FROM llm_spend.crossing WHERE ledger_id = $1 AND warning_id = $2`,
      [this.#access.ledgerId, id],
    );
    if (row!['shown'] === 't') return { kind: 'shown' };
    // The connection was lost after an earlier attempt had succeeded.
    if (row!['holder'] === holder) return { kind: 'mine' };
    return { kind: 'held', leftMs: Math.min(leaseMs, Math.max(0, leaseMs - Number(row!['age']))) };
  }
}

interface Claimant {
  holder: string;
  /** How long the holder has to show the warning. */
  leaseMs: number;
}

import type { ColumnQueries, Source } from './columns/query.ts';
import { findRow } from './rows.ts';

/** Records excluded from totals and pages, because another ledger of the same view counts them. */
export class Exclusion {
  readonly #queries: ColumnQueries;
  #ids: ReadonlySet<string> = new Set();
  /** The row numbers of the excluded records that exist, and the contents for which they are valid. */
  #rows = new Map<string, number>();
  #contents = '';

  constructor(queries: ColumnQueries) {
    this.#queries = queries;
  }

  set(ids: ReadonlySet<string>): void {
    this.#ids = ids;
  }

  /**
   * @param contents identifies the database and all changes other than additions: row numbers are valid while it is unchanged.
   */
  apply({ connection }: Source, contents: string): void {
    const known = this.#contents === contents ? this.#rows : new Map<string, number>();
    const rows = new Map<string, number>();
    for (const id of this.#ids) {
      const seq = known.get(id) ?? findRow(connection, id)?.seq;
      if (seq !== undefined) rows.set(id, seq);
    }
    const same = known === this.#rows && rows.size === known.size && [...rows.keys()].every((id) => known.has(id));
    this.#rows = rows;
    this.#contents = contents;
    if (!same) this.#queries.hide(new Set(rows.values()));
  }
}

/** Maximum lengths of texts, in UTF-16 units: far above honest use, far below the size that would slow a view down. */
export const MAX_NAME = 256;
export const MAX_LABEL = 1024;
export const MAX_NOTE = 10_000;
export const MAX_TAGS = 64;
/** USD. A higher cost is refused as a probable mistake of unit. */
export const MAX_COST = 1_000_000;
/**
 * USD. A higher cost in a ledger makes the record unreadable. It is the most that an SQLite ledger can store, so both stores
 * apply the same rule, and sums stay far below the limits of a number.
 */
export const MAX_STORED_COST = 9_000_000_000;

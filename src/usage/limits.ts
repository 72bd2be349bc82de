/** Longest texts that are accepted, in UTF-16 units. Far above honest use, far below what would choke a view. */
export const MAX_NAME = 256;
export const MAX_LABEL = 1024;
export const MAX_NOTE = 10_000;
export const MAX_TAGS = 64;
/** USD. Above it a cost is taken for a mistake of unit, and refused. */
export const MAX_COST = 1_000_000;
/**
 * USD. A cost above it in a ledger is no amount: as much as an SQLite ledger can hold, so that both stores judge alike, and
 * far below where a sum would stop being a number.
 */
export const MAX_STORED_COST = 9_000_000_000;

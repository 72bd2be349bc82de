import type { Scope } from '../usage/dimensions.ts';
import type { UsageFilter } from '../usage/query.ts';

/** The filter for a scope, on the team's ledger. @param user my name in the team. */
export function scopedFilter(filter: UsageFilter, scope: Scope, user: string): UsageFilter {
  if (scope !== 'me') return filter;
  const chosen = filter.values?.user;
  // Nothing is both mine and another user's.
  const users = chosen === undefined || chosen.includes(user) ? [user] : [];
  return { ...filter, values: { ...filter.values, user: users } };
}

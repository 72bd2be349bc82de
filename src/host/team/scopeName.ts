import type { Scope } from '../../usage/dimensions.ts';
import type { TextStyle } from '../common/costText.ts';

/** The name of a scope, as display text. */
export function scopeName(scope: Scope, t: TextStyle['t']): string {
  if (scope === 'machine') return t('This Machine');
  return scope === 'me' ? t('Me on All Machines') : t('The Team');
}

import { nothing } from 'lit';
import type { TemplateResult } from 'lit';
import type { Action, HistorySnapshot } from '../../src/protocol/messages.ts';
import { t } from '../model/texts.ts';
import { select } from './controls.ts';

/** The machines whose costs are shown: a choice once this machine is in a team. */
export function scopeTemplate(
  { scope }: HistorySnapshot,
  act: (action: Action) => void,
): TemplateResult | typeof nothing {
  if (scope === undefined) return nothing;
  const names = { machine: t('This Machine'), me: t('Me on All Machines'), team: t('The Team') };
  return select({ label: t('Whose costs'), classes: 'scope' }, scope, names, (chosen) =>
    act({ verb: 'scope', scope: chosen }),
  );
}

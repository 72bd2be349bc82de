import * as vscode from 'vscode';
import { SETTINGS, SETTINGS_SECTION } from '../../contributions.ts';
import type { SettingKey } from '../../contributions.ts';
import { firstDayOfWeek, isTimeZone, localCalendar } from '../../usage/time/calendar.ts';
import { readDisplayCurrency } from '../../pricing/currency.ts';
import type { DisplayCurrency } from '../../pricing/currency.ts';
import type { DecimalMark } from '../../usage/line/typedValues.ts';
import type { Calendar } from '../../usage/query.ts';

/** The periods available in the status bar; its tooltip shows all of them, in this order. */
export const STATUS_PERIODS = ['today', 'week', 'month', 'all'] as const;
export type StatusPeriod = (typeof STATUS_PERIODS)[number];

export interface Settings {
  /** As the user wrote it, trimmed; undefined if empty. */
  ledgerPath: string | undefined;
  /** Further ledgers to show, as the user wrote them. */
  ledgers: readonly string[];
  showInkwell: boolean;
  statusBarEnabled: boolean;
  statusBarPeriod: StatusPeriod;
  /** Whether the status bar shows all calls, or those of the open folders. */
  statusBarScope: 'all' | 'workspace';
  calendar: Calendar;
  /** undefined: USD. */
  currency: DisplayCurrency | undefined;
}

/** Why the currency setting is invalid; undefined if it is valid or not set. */
export function currencyProblem(): string | undefined {
  const read = readCurrency(vscode.workspace.getConfiguration(SETTINGS_SECTION).get(SETTINGS.currency));
  return read !== undefined && 'problem' in read ? read.problem : undefined;
}

function readCurrency(value: unknown): DisplayCurrency | { problem: string } | undefined {
  const empty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  return value === undefined || value === null || empty ? undefined : readDisplayCurrency(value);
}

const FIRST_DAYS: ReadonlyMap<unknown, number> = new Map([
  ['monday', 1],
  ['saturday', 6],
  ['sunday', 7],
]);

/** The current settings. An invalid value counts as not set, because the user may be in the middle of editing it. */
export function readSettings(): Settings {
  const section = vscode.workspace.getConfiguration(SETTINGS_SECTION);
  const get = (key: SettingKey): unknown => section.get(key);
  const ledgerPath = get(SETTINGS.ledgerPath);
  const ledgers = get(SETTINGS.ledgers);
  const period = get(SETTINGS.statusBarPeriod);
  const currency = readCurrency(get(SETTINGS.currency));
  let calendar: Calendar | undefined;
  return {
    ledgerPath: typeof ledgerPath === 'string' && ledgerPath.trim() !== '' ? ledgerPath.trim() : undefined,
    ledgers: Array.isArray(ledgers)
      ? ledgers.flatMap((each: unknown) => (typeof each === 'string' && each.trim() !== '' ? [each.trim()] : []))
      : [],
    showInkwell: get(SETTINGS.showInkwell) !== false,
    statusBarEnabled: get(SETTINGS.statusBarEnabled) !== false,
    statusBarPeriod: STATUS_PERIODS.find((each) => each === period) ?? 'today',
    statusBarScope: get(SETTINGS.statusBarScope) === 'workspace' ? 'workspace' : 'all',
    // Evaluated lazily: loading the system's calendars takes longer than the whole activation.
    get calendar() {
      return (calendar ??= calendarOf(get(SETTINGS.timeZone), get(SETTINGS.weekStart)));
    },
    currency: currency === undefined || 'problem' in currency ? undefined : currency,
  };
}

function calendarOf(timeZone: unknown, weekStart: unknown): Calendar {
  return {
    timeZone:
      typeof timeZone === 'string' && timeZone !== '' && isTimeZone(timeZone) ? timeZone : localCalendar().timeZone,
    firstDayOfWeek: FIRST_DAYS.get(weekStart) ?? firstDayOfWeek(regionalLocale()),
  };
}

/** Calls `listener` after one of these settings has changed. */
export function onDidChangeSettings(keys: readonly SettingKey[], listener: () => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (keys.some((key) => event.affectsConfiguration(`${SETTINGS_SECTION}.${key}`))) listener();
  });
}

/**
 * The locale for numbers, dates and weeks. The editor's language rarely includes the region (`en` for the whole world), so if
 * the system has the same language, the system's region is used.
 */
export function regionalLocale(): string {
  const system = (systemLocale ??= new Intl.DateTimeFormat().resolvedOptions().locale);
  const { language } = vscode.env;
  return system.split('-')[0] === language.split('-')[0] ? system : language;
}

/** The decimal mark of the user's language, for numbers that are typed. */
export function decimalMark(): DecimalMark {
  const parts = new Intl.NumberFormat(regionalLocale()).formatToParts(0.5);
  return parts.find(({ type }) => type === 'decimal')?.value === ',' ? ',' : '.';
}

let systemLocale: string | undefined;

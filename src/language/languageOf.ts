/** The languages that the command speaks besides English, as in the names of their files: `l10n/cli.de.json`. */
export const LANGUAGES = ['de', 'es', 'fr', 'ja', 'ko', 'pt-br', 'zh-cn'] as const;
export type Language = (typeof LANGUAGES)[number];

/** The variables that decide, the first one that is set: ours, then those of POSIX. */
export const LANGUAGE_VARIABLES = ['LLM_SPEND_LANG', 'LC_ALL', 'LC_MESSAGES', 'LANG'] as const;

/**
 * The language of the texts; undefined for English.
 *
 * Only variables decide. Node also knows a locale of the system, but on Windows that is the format of numbers and dates, and on
 * macOS it is that of the variables again, so that neither is certainly the language in which the user reads.
 */
export function languageOf(env: Readonly<Record<string, string | undefined>>): Language | undefined {
  const locale = LANGUAGE_VARIABLES.map((name) => env[name]).find((value) => value !== undefined && value !== '');
  // `de_AT.UTF-8@euro`, and as others write it `de-AT`.
  const [, language = '', region = ''] = /^([a-z]{2})(?:[_-]([a-z]{2,4}))?(?:[.@]|$)/i.exec(locale ?? '') ?? [];
  const name = OTHER_NAMES[language.toLowerCase()] ?? language.toLowerCase();
  // Traditional characters are another language.
  if (name === 'zh-cn' && /^(tw|hk|mo|hant)$/i.test(region)) return undefined;
  return LANGUAGES.find((each) => each === name);
}

/** One form of each language has to serve all of its regions. */
const OTHER_NAMES: Readonly<Record<string, string>> = { pt: 'pt-br', zh: 'zh-cn' };

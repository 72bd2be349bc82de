/**
 * The page's texts in the user's language. The host puts the editor's bundle for that language into the page; English texts are
 * their own keys, so that a missing translation shows the English text.
 */

let bundle: Readonly<Record<string, unknown>> = {};

export function useTexts(texts: Readonly<Record<string, unknown>>): void {
  bundle = texts;
}

/** Translates a text, and puts the values in place of `{0}`, `{1}` and so on. */
export function t(message: string, ...values: (string | number)[]): string {
  const own = Object.hasOwn(bundle, message) ? bundle[message] : undefined;
  return (typeof own === 'string' ? own : message).replaceAll(/\{(\d)\}/g, (_, at: string) =>
    String(values[Number(at)]),
  );
}

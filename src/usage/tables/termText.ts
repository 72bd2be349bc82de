import { MAX_NAME } from '../limits.ts';

/**
 * A term of a call that changes its price, such as a service tier; undefined: none was said. A term of another type than text is
 * kept as its JSON, because the cost of an unknown term is unknown, and the usual price is never assumed.
 */
export function termText(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  const text = (typeof value === 'string' ? value.trim() : JSON.stringify(value)).slice(0, MAX_NAME);
  return text === '' ? undefined : text;
}

/**
 * Controls, invisible formats and line separators: they steer a terminal or hide from its reader, and JSON.stringify leaves most of them as
 * they are. Line feeds are only between the members of indented JSON. Built for the first value that is printed.
 */
let steering: RegExp | undefined;

/** The value as JSON that is safe to print: such characters are `\u` escapes, so the JSON is equal to that of JSON.stringify. */
export function jsonText(value: unknown, indent?: number): string {
  steering ??= /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
  return JSON.stringify(value, undefined, indent).replace(steering, (text) => {
    let escaped = '';
    for (let i = 0; i < text.length; i++) escaped += `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`;
    return escaped;
  });
}

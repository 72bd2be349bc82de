/** The start of a text in UTF-16, as Windows PowerShell writes it, with a byte order mark, or of JSON without one. */
const STARTS = { le: ['\xff\xfe', '[\0', '{\0'], be: ['\xfe\xff', '\0[', '\0{'] } as const;

/** Converts UTF-16 to UTF-8. undefined: the bytes are not UTF-16. */
export function fromUtf16(content: Buffer): Buffer | undefined {
  const start = content.toString('latin1', 0, 2);
  const isBigEndian = STARTS.be.some((each) => each === start);
  if (!isBigEndian && !STARTS.le.some((each) => each === start)) return undefined;
  const whole = content.subarray(0, content.length & ~1);
  const text = (isBigEndian ? Buffer.from(whole).swap16() : whole).toString('utf16le');
  return Buffer.from(text.replace(/^\uFEFF/, ''));
}

/** Decodes UTF-8 or UTF-16. */
export function textFromBytes(content: Buffer): string {
  return (fromUtf16(content) ?? content).toString('utf8');
}

/**
 * The icon font with the icons of the page alone: the whole font would take a twentieth of the extension's package. Glyphs keep
 * their numbers; those that are not used lose their outlines.
 */

/** Icons whose names the page puts together. */
const COMPOSED = /^(chevron|arrow)-/;

/**
 * The icons that occur in a script.
 * @param {string} css the style sheet of the icon font @param {string} script @returns {Map<string, number>} names to code points
 */
export function usedIcons(css, script) {
  // Whole strings, classes and attributes: as words in texts and code, many names mean something else.
  const words = new Set(
    [...script.matchAll(/["'`\s=](?:codicon-)?([a-z0-9]+(?:-[a-z0-9]+)*)(?=["'`\s>])/g)].map(([, word]) => word),
  );
  const icons = [...css.matchAll(/\.codicon-([a-z0-9-]+):before \{ content: "\\([0-9a-f]+)" \}/g)];
  return new Map(
    icons
      .map(([, name = '', code = '']) => /** @type {const} */ ([name, Number.parseInt(code, 16)]))
      .filter(([name]) => words.has(name) || COMPOSED.test(name)),
  );
}

/** The style sheet without the rules of other icons. @param {string} css @param {Map<string, number>} icons */
export function iconStyle(css, icons) {
  return css
    .split('\n')
    .filter((line) => {
      const name = /^\.codicon-([a-z0-9-]+):before/.exec(line)?.[1];
      return name === undefined || icons.has(name);
    })
    .join('\n');
}

/** @param {Buffer} font a TrueType font @param {Iterable<number>} codePoints @returns {Buffer} */
export function subsetFont(font, codePoints) {
  const tables = readTables(font);
  const table = (/** @type {string} */ tag) => {
    const found = tables.get(tag);
    if (found === undefined) throw new Error(`The icon font has no table ${tag}.`);
    return found;
  };
  const isLong = table('head').readInt16BE(50) === 1;
  const [loca, glyf] = [table('loca'), table('glyf')];
  const count = table('maxp').readUInt16BE(4);
  const offset = (/** @type {number} */ glyph) =>
    isLong ? loca.readUInt32BE(4 * glyph) : 2 * loca.readUInt16BE(2 * glyph);
  const kept = new Set([0, ...[...codePoints].map((each) => glyphOf(table('cmap'), each))]);
  /** @type {Buffer[]} */
  const outlines = [];
  const places = Buffer.from(loca);
  let length = 0;
  for (let glyph = 0; glyph <= count; glyph++) {
    if (isLong) places.writeUInt32BE(length, 4 * glyph);
    else places.writeUInt16BE(length / 2, 2 * glyph);
    if (glyph === count || !kept.has(glyph)) continue;
    const outline = padded(glyf.subarray(offset(glyph), offset(glyph + 1)));
    outlines.push(outline);
    length += outline.length;
  }
  tables.set('glyf', Buffer.concat(outlines));
  tables.set('loca', places);
  // Version 3 holds no names of glyphs.
  const post = Buffer.from(table('post').subarray(0, 32));
  post.writeUInt32BE(0x00030000, 0);
  tables.set('post', post);
  return writeTables(font.readUInt32BE(0), tables);
}

/** @param {Buffer} cmap @param {number} codePoint @returns {number} */
function glyphOf(cmap, codePoint) {
  for (let at = 0; at < cmap.readUInt16BE(2); at++) {
    const start = cmap.readUInt32BE(4 + 8 * at + 4);
    if (cmap.readUInt16BE(start) !== 4) continue;
    const segments = cmap.readUInt16BE(start + 6) / 2;
    const ends = start + 14;
    const starts = ends + 2 * segments + 2;
    for (let segment = 0; segment < segments; segment++) {
      const [first, last] = [cmap.readUInt16BE(starts + 2 * segment), cmap.readUInt16BE(ends + 2 * segment)];
      if (codePoint < first || codePoint > last) continue;
      const delta = cmap.readUInt16BE(starts + 2 * segments + 2 * segment);
      const rangeAt = starts + 4 * segments + 2 * segment;
      const range = cmap.readUInt16BE(rangeAt);
      if (range === 0) return (codePoint + delta) & 0xffff;
      const glyph = cmap.readUInt16BE(rangeAt + range + 2 * (codePoint - first));
      return glyph === 0 ? 0 : (glyph + delta) & 0xffff;
    }
  }
  throw new Error(`The icon font has no glyph for U+${codePoint.toString(16)}.`);
}

/** @param {Buffer} font @returns {Map<string, Buffer>} */
function readTables(font) {
  const tables = new Map();
  for (let at = 0; at < font.readUInt16BE(4); at++) {
    const entry = 12 + 16 * at;
    const start = font.readUInt32BE(entry + 8);
    tables.set(font.toString('latin1', entry, entry + 4), font.subarray(start, start + font.readUInt32BE(entry + 12)));
  }
  return tables;
}

/** @param {number} version @param {Map<string, Buffer>} tables @returns {Buffer} */
function writeTables(version, tables) {
  const tags = [...tables.keys()].toSorted();
  const head = Buffer.alloc(12 + 16 * tags.length);
  const power = 2 ** Math.floor(Math.log2(tags.length));
  head.writeUInt32BE(version, 0);
  head.writeUInt16BE(tags.length, 4);
  head.writeUInt16BE(16 * power, 6);
  head.writeUInt16BE(Math.log2(power), 8);
  head.writeUInt16BE(16 * (tags.length - power), 10);
  const parts = [head];
  let start = head.length;
  for (const [at, tag] of tags.entries()) {
    const content = Buffer.from(tables.get(tag) ?? []);
    // The checksum of the whole font counts as 0 while sums are made.
    if (tag === 'head') content.writeUInt32BE(0, 8);
    const entry = 12 + 16 * at;
    head.write(tag, entry, 'latin1');
    head.writeUInt32BE(checksum(padded(content)), entry + 4);
    head.writeUInt32BE(start, entry + 8);
    head.writeUInt32BE(content.length, entry + 12);
    parts.push(padded(content));
    start += padded(content).length;
  }
  const font = Buffer.concat(parts);
  const headStart = font.readUInt32BE(12 + 16 * tags.indexOf('head') + 8);
  font.writeUInt32BE((0xb1b0afba - checksum(font)) >>> 0, headStart + 8);
  return font;
}

/** @param {Buffer} content */
function padded(content) {
  return Buffer.concat([content, Buffer.alloc((4 - (content.length % 4)) % 4)]);
}

/** @param {Buffer} content */
function checksum(content) {
  let sum = 0;
  for (let at = 0; at < content.length; at += 4) sum = (sum + content.readUInt32BE(at)) >>> 0;
  return sum;
}

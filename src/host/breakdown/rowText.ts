/** The texts of a row of the tree. The editor cuts them at the right: first the trend must go, then letters of a name, the cost never. */

/** The room of a row in a side bar of the default width, in digits of a cost, and the widths of the rest. */
const ROOM = 35;
const INDENT = 1.3;
/** Names are written larger than costs. */
const LETTER = 1.18;
const MARK = 1.42;
const GAP = 1;
/** Shorter names would say nothing. */
const SHORTEST = 12;

/** A row before it is shortened: its name and cost as display text. */
export interface RowTexts {
  name: string;
  cost: string;
}

/**
 * The names of the rows below one node, with the middle of long ones left out, so that the costs beside them are visible. Names that
 * would read the same are left whole.
 * @param depth of the rows: 0 are the periods.
 */
export function rowNames(rows: readonly RowTexts[], depth: number): string[] {
  const short = rows.map(({ name, cost }) => {
    const [amount = ''] = cost.split(' + ');
    const room = ROOM - depth * INDENT - GAP - amount.length;
    return withoutMiddle(name, Math.max(SHORTEST, Math.floor(room / LETTER)));
  });
  const counts = new Map<string, number>();
  for (const name of short) counts.set(name, (counts.get(name) ?? 0) + 1);
  return rows.map(({ name }, i) => (counts.get(short[i]!) === 1 ? short[i]! : name));
}

/** The text after the name: the cost, and the trend if it has room. */
export function rowDescription({ name, cost }: RowTexts, depth: number, trend = ''): string {
  const width = depth * INDENT + name.length * LETTER + GAP + cost.length + GAP + trend.length * MARK;
  return trend === '' || width > ROOM ? cost : `${cost}  ${trend}`;
}

function withoutMiddle(text: string, max: number): string {
  if (text.length <= max) return text;
  const letters = Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
  if (letters.length <= max) return text;
  const end = Math.floor((max - 1) / 2);
  return `${letters.slice(0, max - 1 - end).join('')}…${letters.slice(-end).join('')}`;
}

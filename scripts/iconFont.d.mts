export function usedIcons(css: string, script: string): Map<string, number>;
export function iconStyle(css: string, icons: ReadonlyMap<string, number>): string;
export function subsetFont(font: Buffer, codePoints: Iterable<number>): Buffer;

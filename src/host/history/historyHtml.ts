import { FIRST_SNAPSHOT, PAGE_TEXTS } from '../../protocol/messages.ts';
import type { HistorySnapshot } from '../../protocol/messages.ts';

export interface HistoryPage {
  nonce: string;
  cspSource: string;
  script: string;
  style: string;
  icons: string;
  title: string;
  /** Allows the page to ask its first question without waiting for a message. */
  snapshot: HistorySnapshot;
  /** The language of the texts, BCP 47. */
  language: string;
  /** The translated texts; absent for English. */
  texts?: Readonly<Record<string, string>> | undefined;
}

/**
 * The webview's page: one script, two style sheets, nothing inline. `data:` images are needed to convert a chart to a PNG. All
 * values except the title and the snapshot come from the editor itself.
 */
export function historyHtml({
  nonce,
  cspSource,
  script,
  style,
  icons,
  title,
  snapshot,
  language,
  texts,
}: HistoryPage): string {
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    `style-src ${cspSource}`,
    `font-src ${cspSource}`,
    `img-src data:`,
  ].join('; ');
  return `<!doctype html>
<html lang="${escapeHtml(language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="${FIRST_SNAPSHOT}" content="${escapeHtml(JSON.stringify(snapshot))}">
${texts === undefined ? '' : `<meta name="${PAGE_TEXTS}" content="${escapeHtml(JSON.stringify(texts))}">\n`}<title>${escapeHtml(title)}</title>
<link rel="stylesheet" href="${escapeHtml(icons)}" id="vscode-codicon-stylesheet">
<link rel="stylesheet" href="${escapeHtml(style)}">
</head>
<body data-vscode-context="${escapeHtml(NO_EDIT_MENU)}">
<script type="module" nonce="${nonce}" src="${escapeHtml(script)}"></script>
</body>
</html>
`;
}

/** Outside of texts that can be selected, Cut, Copy and Paste would do nothing. */
const NO_EDIT_MENU = JSON.stringify({ preventDefaultContextMenuItems: true });

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}

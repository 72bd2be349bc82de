import { FIRST_SNAPSHOT } from '../../protocol/messages.ts';
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
}

/**
 * The webview's page: one script, two style sheets, nothing inline. `data:` images are needed to convert a chart to a PNG. All
 * values except the title and the snapshot come from the editor itself.
 */
export function historyHtml({ nonce, cspSource, script, style, icons, title, snapshot }: HistoryPage): string {
  const policy = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    `style-src ${cspSource}`,
    `font-src ${cspSource}`,
    `img-src data:`,
  ].join('; ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="${FIRST_SNAPSHOT}" content="${escapeHtml(JSON.stringify(snapshot))}">
<title>${escapeHtml(title)}</title>
<link rel="stylesheet" href="${escapeHtml(icons)}" id="vscode-codicon-stylesheet">
<link rel="stylesheet" href="${escapeHtml(style)}">
</head>
<body>
<script type="module" nonce="${nonce}" src="${escapeHtml(script)}"></script>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}

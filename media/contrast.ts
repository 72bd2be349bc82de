import { strongerColours } from './model/contrast.ts';

/** Keeps all texts of the page readable, in every theme that the editor changes to. */
export function keepContrast(): void {
  const { documentElement: root, body } = document;
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets.push(sheet);
  const apply = (): void => {
    const isLight = body.classList.contains('vscode-light') && !body.classList.contains('vscode-high-contrast-light');
    // The editor sets its variables on the element itself, so these values are those of the theme.
    const colours = strongerColours((name) => root.style.getPropertyValue(name), isLight);
    const rules = [...colours].map(([name, value]) => `${name}: ${value} !important;`).join('');
    sheet.replaceSync(`:root, body { ${rules} }`);
  };
  apply();
  const changes = new MutationObserver(apply);
  changes.observe(root, { attributeFilter: ['style'] });
  changes.observe(body, { attributeFilter: ['class'] });
}

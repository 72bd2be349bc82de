import { t } from '../model/texts.ts';
/**
 * Saves a chart as an image: the drawing with its current colours, a title above and the legend below, so that it is
 * understandable outside the page.
 */
export async function imageOf(
  drawing: SVGSVGElement,
  title: string,
  legend: readonly LegendEntry[],
): Promise<{ svg: string; png: string }> {
  const { svg, width, height } = standalone(drawing, title, legend);
  return { svg, png: await rasterize(svg, width, height) };
}

export interface LegendEntry {
  name: string;
  /** Any CSS colour. */
  colour: string;
}

const NAMESPACE = 'http://www.w3.org/2000/svg';
/** Properties that come from the style sheet and must be copied into a standalone drawing. */
const COLOURS = ['fill', 'stroke'] as const;
const KEPT = ['stroke-width', 'stroke-dasharray', 'stroke-linejoin', 'font-family', 'font-size'] as const;
const MARGIN = 12;
const TITLE = 30;
const LEGEND_ROW = 20;
const PNG_SCALE = 2;

function standalone(
  drawing: SVGSVGElement,
  title: string,
  legend: readonly LegendEntry[],
): { svg: string; width: number; height: number } {
  const chart = drawing.cloneNode(true) as SVGSVGElement;
  const originals = [drawing, ...drawing.querySelectorAll('*')];
  for (const [index, element] of [chart, ...chart.querySelectorAll('*')].entries()) {
    const original = originals[index];
    if (original !== undefined) keepStyle(element, getComputedStyle(original));
  }
  const page = getComputedStyle(document.body);
  const ink = solid(page.color);
  const width = drawing.clientWidth + 2 * MARGIN;
  const svg = element('svg', { 'font-family': page.fontFamily, 'font-size': '12' });
  const paper = page.getPropertyValue('--vscode-editor-background');
  svg.append(element('rect', { width: '100%', height: '100%', fill: solid(paper).colour }));
  svg.append(text(title, MARGIN, 20, { fill: ink.colour, 'font-weight': '600' }));
  const place = element('g', { transform: `translate(${MARGIN},${TITLE})` });
  // lit's marker comments are useless outside the page.
  const marks = document.createTreeWalker(chart, NodeFilter.SHOW_COMMENT);
  const comments: Node[] = [];
  while (marks.nextNode() !== null) comments.push(marks.currentNode);
  for (const comment of comments) comment.parentNode?.removeChild(comment);
  place.append(...chart.childNodes);
  svg.append(place);

  const top = TITLE + drawing.clientHeight + MARGIN;
  let [x, y] = [MARGIN, top];
  for (const { name, colour } of legend) {
    const length = 28 + measure(name, `12px ${page.fontFamily}`);
    if (x > MARGIN && x + length > width) [x, y] = [MARGIN, y + LEGEND_ROW];
    const mark = solid(colour);
    svg.append(
      element('rect', {
        x: `${x}`,
        y: `${y}`,
        width: '9',
        height: '9',
        rx: '2',
        fill: mark.colour,
        'fill-opacity': mark.opacity,
      }),
      text(name, x + 14, y + 9, { fill: ink.colour }),
    );
    x += length;
  }
  const height = (legend.length === 0 ? top : y + LEGEND_ROW) + MARGIN / 2;
  svg.setAttribute('width', `${width}`);
  svg.setAttribute('height', `${height}`);
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  return { svg: new XMLSerializer().serializeToString(svg), width, height };
}

function keepStyle(element: Element, style: CSSStyleDeclaration): void {
  for (const property of COLOURS) {
    const value = style.getPropertyValue(property);
    if (value === 'none') {
      element.setAttribute(property, value);
      continue;
    }
    const { colour, opacity } = solid(value);
    element.setAttribute(property, colour);
    element.setAttribute(
      `${property}-opacity`,
      `${Number(opacity) * Number(style.getPropertyValue(`${property}-opacity`))}`,
    );
  }
  for (const property of KEPT) element.setAttribute(property, style.getPropertyValue(property));
  element.removeAttribute('class');
}

/** Resolves a colour that the style sheet may have mixed to `#rrggbb` and an opacity, which every program understands. */
function solid(colour: string): { colour: string; opacity: string } {
  const known = solids.get(colour);
  if (known !== undefined) return known;
  const context = canvas(1, 1);
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0, alpha = 0] = context.getImageData(0, 0, 1, 1).data;
  const hex = [red, green, blue].map((part) => part.toString(16).padStart(2, '0')).join('');
  const result = { colour: `#${hex}`, opacity: (alpha / 255).toFixed(3) };
  solids.set(colour, result);
  return result;
}

const solids = new Map<string, { colour: string; opacity: string }>();

function measure(name: string, font: string): number {
  const context = canvas(1, 1);
  context.font = font;
  return context.measureText(name).width;
}

function canvas(width: number, height: number): CanvasRenderingContext2D {
  const element = document.createElement('canvas');
  element.width = width;
  element.height = height;
  const context = element.getContext('2d');
  if (context === null) throw new Error(t('This browser cannot draw images.'));
  return context;
}

function element(name: string, attributes: Readonly<Record<string, string>>): SVGElement {
  const created = document.createElementNS(NAMESPACE, name);
  for (const [attribute, value] of Object.entries(attributes)) created.setAttribute(attribute, value);
  return created;
}

function text(content: string, x: number, y: number, attributes: Readonly<Record<string, string>>): SVGElement {
  const created = element('text', { x: `${x}`, y: `${y}`, ...attributes });
  created.textContent = content;
  return created;
}

async function rasterize(svg: string, width: number, height: number): Promise<string> {
  const image = new Image(width * PNG_SCALE, height * PNG_SCALE);
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const context = canvas(width * PNG_SCALE, height * PNG_SCALE);
  context.drawImage(image, 0, 0, context.canvas.width, context.canvas.height);
  return context.canvas.toDataURL('image/png').replace(/^data:image\/png;base64,/, '');
}

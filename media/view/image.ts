/** Properties that a drawing gets from the style sheet and needs to keep when it stands alone. */
const KEPT = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'opacity',
  'font-family',
  'font-size',
];

/** A chart as files: an SVG with its colours in it, and a PNG of that in base64. */
export async function imageOf(drawing: SVGSVGElement): Promise<{ svg: string; png: string }> {
  const svg = standalone(drawing);
  return { svg, png: await rasterize(svg, drawing.clientWidth, drawing.clientHeight) };
}

function standalone(drawing: SVGSVGElement): string {
  const copy = drawing.cloneNode(true) as SVGSVGElement;
  const originals = [drawing, ...drawing.querySelectorAll('*')];
  for (const [index, element] of [copy, ...copy.querySelectorAll('*')].entries()) {
    const original = originals[index];
    if (original === undefined) continue;
    const style = getComputedStyle(original);
    for (const property of KEPT) element.setAttribute(property, style.getPropertyValue(property));
    element.removeAttribute('class');
  }
  const paper = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  paper.setAttribute('width', '100%');
  paper.setAttribute('height', '100%');
  paper.setAttribute('fill', getComputedStyle(document.body).getPropertyValue('--vscode-editor-background'));
  copy.prepend(paper);
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('viewBox', `0 0 ${drawing.clientWidth} ${drawing.clientHeight}`);
  copy.removeAttribute('aria-hidden');
  return new XMLSerializer().serializeToString(copy);
}

async function rasterize(svg: string, width: number, height: number): Promise<string> {
  const scale = 2;
  const image = new Image(width * scale, height * scale);
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = width * scale;
  canvas.height = height * scale;
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL('image/png').replace(/^data:image\/png;base64,/, '');
}

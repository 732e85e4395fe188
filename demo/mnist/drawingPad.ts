// The area to draw a digit on, by mouse, finger or pen. Strokes are kept as lines, so that the small picture for the
// network is drawn anew at its own size instead of being a shrunk copy.
import { SIDE } from './data';

/** A point; both coordinates run from 0 to 1 over the pad. */
type Point = readonly [x: number, y: number];
type Stroke = Point[];

/** Width of a line on the pad, as a share of its side. */
const PAD_LINE = 0.065;
/** Side of the box that MNIST's digits were fitted into, and the usual width of their lines, in pixels. */
const BOX = 20;
const LINE = 2.4;
/** A dot is not blown up to fill the box: nothing is enlarged beyond this many pixels per side of the pad. */
const MAX_SCALE = 60;

/** A canvas to draw on. */
export class DrawingPad {
  private strokes: Stroke[] = [];
  private current: Stroke | null = null;
  private readonly context: CanvasRenderingContext2D;
  private readonly small = contextOf(canvasOf(SIDE));
  /** A given picture shown instead of strokes. */
  private shown: ImageBitmap | null = null;

  /** `onChange` is called whenever there is something else on the pad. */
  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly onChange: () => void,
  ) {
    this.context = contextOf(canvas);
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button !== 0 || !event.isPrimary) return;
      canvas.setPointerCapture(event.pointerId);
      this.shown = null;
      this.current = [];
      this.strokes.push(this.current);
      this.extend(event);
    });
    canvas.addEventListener('pointermove', (event) => {
      if (event.isPrimary) this.extend(event);
    });
    for (const type of ['pointerup', 'pointercancel'] as const) {
      canvas.addEventListener(type, () => {
        this.current = null;
      });
    }
    new ResizeObserver(() => {
      this.redraw();
    }).observe(canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.redraw();
    });
  }

  get isEmpty(): boolean {
    return this.strokes.length === 0 && this.shown === null;
  }

  clear(): void {
    this.strokes = [];
    this.current = null;
    this.shown = null;
    this.redraw();
    this.onChange();
  }

  /** Shows a picture of 28 × 28 grey levels. */
  async show(picture: Uint8Array): Promise<void> {
    const pixels = new Uint8ClampedArray(4 * picture.length);
    const [red, green, blue] = rgb(getComputedStyle(this.canvas).color);
    picture.forEach((level, i) => {
      pixels.set([red, green, blue, level], 4 * i);
    });
    this.strokes = [];
    this.shown = await createImageBitmap(new ImageData(pixels, SIDE, SIDE));
    this.redraw();
  }

  /**
   * What was drawn, prepared as MNIST's digits were: fitted into a box of 20 × 20 pixels, its centre of mass in the
   * middle of 28 × 28. Null if nothing was drawn.
   */
  picture(): Uint8Array | null {
    const points = this.strokes.flat();
    if (points.length === 0) return null;
    const xs = points.map(([x]) => x);
    const ys = points.map(([, y]) => y);
    const [left, right] = [Math.min(...xs), Math.max(...xs)];
    const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
    const scale = Math.min((BOX - LINE) / Math.max(right - left, bottom - top, 1e-6), MAX_SCALE);

    // First with the middle of its box in the middle of the picture, then moved by how far the mass is off.
    const [x, y] = [SIDE / 2 - (scale * (left + right)) / 2, SIDE / 2 - (scale * (top + bottom)) / 2];
    const [massX, massY] = centreOfMass(this.drawSmall(scale, x, y));
    return this.drawSmall(scale, x + Math.round(SIDE / 2 - massX), y + Math.round(SIDE / 2 - massY));
  }

  private drawSmall(scale: number, x: number, y: number): Uint8Array {
    const { small } = this;
    small.resetTransform();
    small.clearRect(0, 0, SIDE, SIDE);
    small.setTransform(scale, 0, 0, scale, x, y);
    drawStrokes(small, this.strokes, LINE / scale);
    const { data } = small.getImageData(0, 0, SIDE, SIDE);
    return Uint8Array.from({ length: SIDE * SIDE }, (_, i) => data[4 * i + 3]);
  }

  private extend(event: PointerEvent): void {
    if (this.current === null) return;
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    const moves = event.getCoalescedEvents();
    for (const { clientX, clientY } of moves.length > 0 ? moves : [event]) {
      this.current.push([(clientX - left) / width, (clientY - top) / height]);
    }
    this.redraw();
    this.onChange();
  }

  private redraw(): void {
    const { canvas, context } = this;
    const side = Math.round(canvas.clientWidth * devicePixelRatio);
    if (canvas.width !== side) canvas.width = canvas.height = side;
    context.resetTransform();
    context.clearRect(0, 0, side, side);
    context.setTransform(side, 0, 0, side, 0, 0);
    if (this.shown !== null) context.drawImage(this.shown, 0, 0, 1, 1);
    context.strokeStyle = getComputedStyle(canvas).color;
    drawStrokes(context, this.strokes, PAD_LINE);
  }
}

function drawStrokes(context: CanvasRenderingContext2D, strokes: readonly Stroke[], width: number): void {
  context.lineWidth = width;
  context.lineCap = 'round';
  context.lineJoin = 'round';
  for (const [first, ...rest] of strokes) {
    context.beginPath();
    context.moveTo(...first);
    // A line to where it began makes a dot.
    for (const point of rest.length > 0 ? rest : [first]) context.lineTo(...point);
    context.stroke();
  }
}

/** In pixels, from the corner of the picture. */
function centreOfMass(picture: Uint8Array): Point {
  let [mass, x, y] = [0, 0, 0];
  picture.forEach((level, i) => {
    mass += level;
    x += level * ((i % SIDE) + 0.5);
    y += level * (Math.floor(i / SIDE) + 0.5);
  });
  return mass === 0 ? [SIDE / 2, SIDE / 2] : [x / mass, y / mass];
}

function canvasOf(side: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = side;
  return canvas;
}

function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d', { willReadFrequently: canvas.width === SIDE });
  if (context === null) throw new Error('this browser draws on no canvas.');
  return context;
}

/** Red, green and blue of a computed colour such as 'rgb(36, 29, 23)'. */
function rgb(colour: string): number[] {
  return (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
}

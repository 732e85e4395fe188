// Pictures of digits: grey levels on a canvas, and the gallery of mistakes.
import { SIDE } from './data';
import type { Mistake } from './session';

/** Draws 28 × 28 grey levels, white on black as in the data set. */
export function paint(canvas: HTMLCanvasElement, picture: Uint8Array | null): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const image = context.createImageData(SIDE, SIDE);
  for (let i = 0; i < SIDE * SIDE; i++) {
    image.data.fill(picture?.[i] ?? 0, 4 * i, 4 * i + 3);
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

/** An entry of the gallery for each mistake. */
export function mistakeItems(mistakes: readonly Mistake[]): HTMLLIElement[] {
  return mistakes.map(({ picture, label, prediction }) => {
    const item = document.createElement('li');
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = SIDE;
    canvas.role = 'img';
    canvas.ariaLabel = `${label} read as ${prediction}`;
    paint(canvas, picture);
    // Short enough for a narrow column.
    const text = document.createElement('p');
    text.ariaHidden = 'true';
    const wrong = document.createElement('b');
    wrong.textContent = String(prediction);
    text.append(`${label} → `, wrong);
    item.append(canvas, text);
    return item;
  });
}

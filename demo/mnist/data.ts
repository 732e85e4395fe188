// The MNIST digits as tensors on the device, filled while the files arrive.
import { empty, tensor, type Tensor } from 'kindling';

/** Side of a picture in pixels. */
export const SIDE = 28;
const PIXELS = SIDE * SIDE;

/** The files lie at the root of the site, one folder above the page. */
const ROOT = '../';
const IMAGES_HEADER = 16;
const LABELS_HEADER = 8;
/** Pictures sent to the device at once: 0.8 MB, so that no piece of work on the page is long. */
const PIECE = 1000;

/** Pictures [n, 1, 28, 28] and what was written [n], both uint8. */
export interface Digits {
  readonly images: Tensor;
  readonly labels: Tensor;
}

/**
 * Loads the 60,000 training digits ('train') or the 10,000 test digits ('t10k'), or the first `limit` of them.
 * `onProgress` gets the loaded share, from 0 to 1.
 * @throws Error if a file is missing or is no idx file.
 */
export async function loadDigits(
  part: 'train' | 't10k',
  limit = Infinity,
  onProgress: (share: number) => void = () => undefined,
): Promise<Digits> {
  const labelFile = await open(`${part}-labels-idx1-ubyte`);
  const labels = await readLabels(labelFile, limit);
  const n = labels.length;

  const images = empty([n, 1, SIDE, SIDE], { dtype: 'uint8' });
  const imageFile = await open(`${part}-images-idx3-ubyte`);
  let done = 0;
  for await (const bytes of pieces(imageFile, IMAGES_HEADER, PIECE * PIXELS)) {
    const count = Math.min(bytes.length / PIXELS, n - done);
    const piece = tensor(bytes.subarray(0, count * PIXELS)).view(count, 1, SIDE, SIDE);
    images.narrow(0, done, count).copy_(piece);
    done += count;
    onProgress(done / n);
    if (done === n) break;
  }
  return { images, labels: tensor(labels) };
}

async function open(name: string): Promise<ReadableStream<Uint8Array>> {
  const response = await fetch(ROOT + name);
  if (!response.ok || response.body === null) throw new Error(`${name} could not be loaded (${response.status}).`);
  return response.body;
}

async function readLabels(file: ReadableStream<Uint8Array>, limit: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(await new Response(file).arrayBuffer());
  const count = new DataView(bytes.buffer).getUint32(4);
  if (bytes.length !== LABELS_HEADER + count) throw new Error('the file of labels is not an idx file.');
  return bytes.subarray(LABELS_HEADER, LABELS_HEADER + Math.min(count, limit));
}

/** Cuts what follows the header into pieces of `size` bytes; the last may be shorter. The array is used again. */
async function* pieces(file: ReadableStream<Uint8Array>, header: number, size: number): AsyncGenerator<Uint8Array> {
  const reader = file.getReader();
  const piece = new Uint8Array(size);
  let filled = 0;
  let skip = header;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      let rest = value.subarray(Math.min(skip, value.length));
      skip -= value.length - rest.length;
      while (rest.length > 0) {
        const taken = rest.subarray(0, size - filled);
        piece.set(taken, filled);
        filled += taken.length;
        rest = rest.subarray(taken.length);
        if (filled < size) break;
        yield piece;
        filled = 0;
      }
    }
    if (filled > 0) yield piece.subarray(0, filled);
  } finally {
    await reader.cancel();
  }
}

// Channels and cells of images exchanged: copies, also where the new order could be shown as a view.
import { atLeast } from '../../base/kinds';
import { argument, signature, taking } from '../../base/signature';
import { INPUT } from '../../core/kinds';
import { ShapeError } from '../../base/errors';
import { formatShape } from '../../base/shape';
import type { Tensor } from '../../core/tensor';
import { clone } from './copy';
import { permute, reshape } from './view';
import type { Arguments } from '../../base/arguments';

/** @throws ShapeError unless x is an image */
function checkImage(op: string, x: Tensor): void {
  if (x.ndim < 3) throw new ShapeError(op, `input must be [*, C, H, W], got ${formatShape(x.shape)}.`);
}

/**
 * r² channels as r x r cells. Shape: [*, C r², H, W] -> [*, C, H r, W r].
 * @throws ShapeError unless r² divides the channels
 * @see torch.nn.functional.pixel_shuffle
 */
export const pixelShuffle: (
  x: Tensor,
  ...args: Arguments<[upscaleFactor: number], [], { upscaleFactor: number }>
) => Tensor = taking(signature('pixelShuffle', [INPUT, argument('upscaleFactor', atLeast(1))]), (x, upscaleFactor) => {
  checkImage('pixelShuffle', x);
  const [channels, height, width] = x.shape.slice(-3);
  const r = upscaleFactor;
  if (channels % (r * r) !== 0) {
    throw new ShapeError(
      'pixelShuffle',
      `the channels must be a multiple of ${r * r} (upscaleFactor²), got ${channels} in ${formatShape(x.shape)}.`,
      { shape: x.shape },
    );
  }
  const lead = x.shape.slice(0, -3);
  const cells = reshape(x, [...lead, channels / (r * r), r, r, height, width]);
  return reshape(clone(permute(cells, behind(lead.length, [0, 3, 1, 4, 2]))), [
    ...lead,
    channels / (r * r),
    height * r,
    width * r,
  ]);
});

/**
 * r x r cells as r² channels. Shape: [*, C, H r, W r] -> [*, C r², H, W].
 * @throws ShapeError unless r divides height and width
 * @see torch.nn.functional.pixel_unshuffle
 */
export const pixelUnshuffle: (
  x: Tensor,
  ...args: Arguments<[downscaleFactor: number], [], { downscaleFactor: number }>
) => Tensor = taking(
  signature('pixelUnshuffle', [INPUT, argument('downscaleFactor', atLeast(1))]),
  (x, downscaleFactor) => {
    checkImage('pixelUnshuffle', x);
    const [channels, height, width] = x.shape.slice(-3);
    const r = downscaleFactor;
    if (height % r !== 0 || width % r !== 0) {
      throw new ShapeError(
        'pixelUnshuffle',
        `height and width must be multiples of ${r} (downscaleFactor), got ${formatShape(x.shape)}.`,
        { shape: x.shape },
      );
    }
    const lead = x.shape.slice(0, -3);
    const cells = reshape(x, [...lead, channels, height / r, r, width / r, r]);
    return reshape(clone(permute(cells, behind(lead.length, [0, 2, 4, 1, 3]))), [
      ...lead,
      channels * r * r,
      height / r,
      width / r,
    ]);
  },
);

/**
 * Channel i of each of `groups` groups, then channel i + 1, and so on. Shape: [N, C, *] -> the same.
 * @throws ShapeError unless groups divides the channels
 * @see torch.nn.functional.channel_shuffle
 */
export const channelShuffle: (x: Tensor, ...args: Arguments<[groups: number], [], { groups: number }>) => Tensor =
  taking(signature('channelShuffle', [INPUT, argument('groups', atLeast(1))]), (x, groups) => {
    if (x.ndim < 3 || x.shape[1] % groups !== 0) {
      throw new ShapeError(
        'channelShuffle',
        `input must be [N, C, *] of at least 3 dimensions with C a multiple of ${groups} (groups), got ${formatShape(x.shape)}.`,
        { shape: x.shape },
      );
    }
    const [batch, channels, ...rest] = x.shape;
    const grouped = reshape(x, [batch, groups, channels / groups, ...rest]);
    return reshape(clone(permute(grouped, [0, 2, 1, ...rest.map((_, i) => 3 + i)])), x.shape);
  });

/** The order of dimensions behind `lead` ones that stay. */
const behind = (lead: number, order: readonly number[]): number[] => [
  ...Array.from({ length: lead }, (_, i) => i),
  ...order.map((d) => lead + d),
];

// Convolution and its gradients as plain loops, for float64 and for kernels too large for the patch of conv.ts.
import { ConvCommand } from '../engine/commands';
import { taskCount, taskStart } from '../engine/partition';
import { pulse } from '../engine/worker';

/** Nanoseconds for a multiply-add. */
const TERM_WORK: u64 = 2;

/** Position in the image of tap k for output position `at`; not below `size` if outside. */
// @ts-ignore: decorator
@inline
function tapAt(at: u32, stride: u32, k: u32, dilation: u32, padding: u32): u32 {
  return at * stride + k * dilation - padding;
}

/** Output position that has tap k at image position `at`; not below `size` if there is none. */
// @ts-ignore: decorator
@inline
function outputAt(at: u32, stride: u32, k: u32, dilation: u32, padding: u32): u32 {
  const position = <i32>(at + padding - k * dilation);
  return position >= 0 && position % <i32>stride == 0 ? position / stride : -1;
}

export function plainConv2dTasks(c: ConvCommand): i32 {
  const terms = (<u64>c.channels * c.kernelH * c.kernelW) / c.groups;
  return taskCount(c.batch * c.outChannels * c.outHeight, (terms + 1) * c.outWidth * TERM_WORK);
}

/** Task over rows of the output. */
export function plainConv2d<T>(c: ConvCommand, task: i32): void {
  const channels = c.channels / c.groups;
  const perGroup = c.outChannels / c.groups;
  const taps = c.kernelH * c.kernelW;
  const lines = c.batch * c.outChannels * c.outHeight;
  const tasks = plainConv2dTasks(c);
  const end = taskStart(lines, tasks, task + 1);
  for (let line = taskStart(lines, tasks, task); line < end; line++) {
    const y = line % c.outHeight;
    const o = (line / c.outHeight) % c.outChannels;
    const n = line / c.outHeight / c.outChannels;
    for (let x: u32 = 0; x < c.outWidth; x++) {
      let sum: T = c.bias == 0 ? 0 : load<T>(c.bias + o * sizeof<T>());
      for (let i: u32 = 0; i < channels; i++) {
        pulse(taps * <u32>TERM_WORK);
        const image = (n * c.channels + (o / perGroup) * channels + i) * c.height;
        for (let kh: u32 = 0; kh < c.kernelH; kh++) {
          const iy = tapAt(y, c.strideH, kh, c.dilationH, c.paddingH);
          if (iy >= c.height) continue;
          for (let kw: u32 = 0; kw < c.kernelW; kw++) {
            const ix = tapAt(x, c.strideW, kw, c.dilationW, c.paddingW);
            if (ix >= c.width) continue;
            const weight = load<T>(c.b + ((o * channels + i) * taps + kh * c.kernelW + kw) * sizeof<T>());
            sum += weight * load<T>(c.a + ((image + iy) * c.width + ix) * sizeof<T>());
          }
        }
      }
      store<T>(c.out + (line * c.outWidth + x) * sizeof<T>(), sum);
    }
  }
}

export function plainConv2dGradInputTasks(c: ConvCommand): i32 {
  const terms = (<u64>c.outChannels * c.kernelH * c.kernelW) / c.groups;
  return taskCount(c.batch * c.channels * c.height, (terms + 1) * c.width * TERM_WORK);
}

/** Task over rows of the image. */
export function plainConv2dGradInput<T>(c: ConvCommand, task: i32): void {
  const channels = c.channels / c.groups;
  const perGroup = c.outChannels / c.groups;
  const taps = c.kernelH * c.kernelW;
  const lines = c.batch * c.channels * c.height;
  const tasks = plainConv2dGradInputTasks(c);
  const end = taskStart(lines, tasks, task + 1);
  for (let line = taskStart(lines, tasks, task); line < end; line++) {
    const y = line % c.height;
    const channel = (line / c.height) % c.channels;
    const n = line / c.height / c.channels;
    for (let x: u32 = 0; x < c.width; x++) {
      let sum: T = 0;
      for (let i: u32 = 0; i < perGroup; i++) {
        pulse(taps * <u32>TERM_WORK);
        const o = (channel / channels) * perGroup + i;
        const weights = (o * channels + (channel % channels)) * taps;
        for (let kh: u32 = 0; kh < c.kernelH; kh++) {
          const oy = outputAt(y, c.strideH, kh, c.dilationH, c.paddingH);
          if (oy >= c.outHeight) continue;
          for (let kw: u32 = 0; kw < c.kernelW; kw++) {
            const ox = outputAt(x, c.strideW, kw, c.dilationW, c.paddingW);
            if (ox >= c.outWidth) continue;
            const at = ((n * c.outChannels + o) * c.outHeight + oy) * c.outWidth + ox;
            sum += load<T>(c.b + (weights + kh * c.kernelW + kw) * sizeof<T>()) * load<T>(c.a + at * sizeof<T>());
          }
        }
      }
      store<T>(c.out + (line * c.width + x) * sizeof<T>(), sum);
    }
  }
}

export function plainConv2dGradWeightTasks(c: ConvCommand): i32 {
  const terms = <u64>c.batch * c.outHeight * c.outWidth;
  return taskCount(((c.outChannels * c.channels) / c.groups) * c.kernelH * c.kernelW, (terms + 1) * TERM_WORK);
}

/** Task over elements of the weight. */
export function plainConv2dGradWeight<T>(c: ConvCommand, task: i32): void {
  const channels = c.channels / c.groups;
  const perGroup = c.outChannels / c.groups;
  const taps = c.kernelH * c.kernelW;
  const elements = c.outChannels * channels * taps;
  const tasks = plainConv2dGradWeightTasks(c);
  const end = taskStart(elements, tasks, task + 1);
  for (let element = taskStart(elements, tasks, task); element < end; element++) {
    const kw = element % c.kernelW;
    const kh = (element % taps) / c.kernelW;
    const o = element / taps / channels;
    const channel = (o / perGroup) * channels + ((element / taps) % channels);
    let sum: T = 0;
    for (let n: u32 = 0; n < c.batch; n++) {
      for (let y: u32 = 0; y < c.outHeight; y++) {
        const iy = tapAt(y, c.strideH, kh, c.dilationH, c.paddingH);
        if (iy >= c.height) continue;
        pulse(c.outWidth * <u32>TERM_WORK);
        const line = ((n * c.outChannels + o) * c.outHeight + y) * c.outWidth;
        const image = ((n * c.channels + channel) * c.height + iy) * c.width;
        for (let x: u32 = 0; x < c.outWidth; x++) {
          const ix = tapAt(x, c.strideW, kw, c.dilationW, c.paddingW);
          if (ix < c.width) sum += load<T>(c.a + (line + x) * sizeof<T>()) * load<T>(c.b + (image + ix) * sizeof<T>());
        }
      }
    }
    store<T>(c.out + element * sizeof<T>(), sum);
  }
}

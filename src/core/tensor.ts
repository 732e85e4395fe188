// Tensor: a shape over a storage, and its place in the autograd graph. No op logic: operations are functions in
// ops/, and methods.ts installs those that are also methods.
import { capture } from './capture';
import { awaitCollection } from './garbage';
import type { Arguments } from '../base/arguments';
import { describe } from '../base/errorText';
import { FLAG, INTEGER, instanceOf } from '../base/kinds';
import { printsAs } from '../base/javascript';
import { argument, signature } from '../base/signature';
import type { Device, DeviceBuffer, DeviceName, View } from '../device/contract';
import { DTYPES, isFloat, itemSize, type DType, type TypedArray } from '../base/dtype';
import { AutogradError, DTypeError, KindError, ValueError } from '../base/errors';
import { Handle, type Storage } from './storage';
import { formatTensor } from '../base/print';
import { formatShape, isDense, layoutFault, numelOf, sameShape, wrapDim, type Shape } from '../base/shape';

/** Nested arrays of numbers, as `tolist` gives them. */
export type NestedNumbers = number | boolean | NestedNumbers[];

/** What a tensor knows of the graph; graph.ts implements it. */
export interface GradFn {
  /** The op's name, as `MulBackward` in a printed tensor. */
  readonly name: string;
}

/** Tensors of more elements print without most of their values, and are not known by them. */
const MOST_KNOWN = 1000;

/** Values that the page has seen: they are those of the tensor while its memory is the same and unchanged. */
interface Known {
  readonly storage: Storage;
  readonly version: number;
  readonly values: TypedArray;
}

/** How the elements lie in the storage. */
interface Layout {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
}

/** How a view follows its base when either is changed in place; graph.ts implements it. */
export interface ViewLink {
  /** The view's graph node, made anew if the base was changed in place since. */
  current(view: Tensor): GradFn | null;
}

/** Called with a gradient; may return another to use instead. */
export type GradHook = (grad: Tensor) => Tensor | null | undefined | void;

/** Ends the effect of what returned it. */
export interface RemovableHandle {
  /** Takes the hook away; a second call does nothing. */
  remove(): void;
}

/** The autograd side of a tensor. Fields of the engine, not of users. */
export interface AutogradMeta {
  node: GradFn | null;
  /** Which output of `node` this is. */
  outputIndex: number;
  /** Takes the gradient of a leaf. */
  accumulator: GradFn | null;
  link: ViewLink | null;
  hooks: Set<GradHook> | null;
  retainsGrad: boolean;
}

const REQUIRES_GRAD = signature('requiresGrad_', [argument('requiresGrad', FLAG, true)]);
const SIZE = signature('size', [argument('dim', INTEGER, null)]);

/**
 * A multi-dimensional array on a device.
 *
 * Operations on tensors return at once and are queued; values come back by `await t.data()`, `item()`, `tolist()`
 * or `repr()`. Nothing needs to be disposed of.
 */
export class Tensor extends Handle implements View {
  static override readonly name: string = 'Tensor';

  /** Where and as what the elements lie; replaced as a whole where the tensor takes over another one. */
  private layout: Layout;
  /** Made when first asked for: most tensors never take part in a graph. */
  private meta: AutogradMeta | null = null;
  private wantsGrad = false;
  private gradient: Tensor | null = null;
  private gradientSeen = false;
  private known: Known | null = null;

  /** @internal Use `tensor`, `zeros`, ... */
  constructor(storage: Storage, dtype: DType, shape: Shape, strides: readonly number[], offset: number) {
    const capacity = storage.bytes / itemSize(dtype);
    const fault = layoutFault(shape, strides, offset, capacity);
    if (fault !== null) {
      throw new Error(
        `internal: tensor: ${fault}, got shape ${formatShape(shape)}, strides ${formatShape(strides)} and offset ${offset} for ${capacity} elements.`,
      );
    }
    super(storage);
    this.layout = { dtype, shape, strides, offset };
  }

  /** Sizes of all dimensions; [] for a scalar. */
  get shape(): Shape {
    return this.layout.shape;
  }

  /** In elements. */
  get strides(): readonly number[] {
    return this.layout.strides;
  }

  /** Of the first element within the storage, in elements. */
  get offset(): number {
    return this.layout.offset;
  }

  /** Type of the elements. */
  get dtype(): DType {
    return this.layout.dtype;
  }

  // A view's, so that types without internals keep it.
  /** The memory on the device. @hidden */
  get buffer(): DeviceBuffer {
    return this.storage.buffer;
  }

  /** Name of the device that holds the values. */
  get device(): DeviceName {
    return this.storage.device.name;
  }

  /** @internal The device itself. */
  get home(): Device {
    return this.storage.device;
  }

  /** Whether the tensor is on the meta device: it has a shape and a dtype, but no values. */
  get isMeta(): boolean {
    return !this.home.hasValues;
  }

  /** Number of dimensions. */
  get ndim(): number {
    return this.shape.length;
  }

  /** Number of dimensions. */
  dim(): number {
    return this.shape.length;
  }

  /** Number of elements. */
  numel(): number {
    return numelOf(this.shape);
  }

  /** The shape, or the size of one dimension. @throws RangeError if there is no such dimension. */
  size(): Shape;
  size(dim: number): number;
  size(...args: readonly [dim?: number]): Shape | number {
    const { dim } = SIZE.take(args);
    return dim === null ? this.shape : this.shape[wrapDim('size', dim, this.ndim)];
  }

  /** Whether the elements lie in row-major order without gaps. */
  isContiguous(): boolean {
    return isDense(this.shape, this.strides);
  }

  /** Whether the elements are floating-point numbers, of any size. */
  isFloatingPoint(): boolean {
    return isFloat(this.dtype);
  }

  // ---- autograd ---------------------------------------------------------------------------------

  /** Whether operations on this tensor are recorded. */
  get requiresGrad(): boolean {
    return this.wantsGrad || this.gradFn !== null;
  }

  /** As `requiresGrad_`. */
  set requiresGrad(value: boolean) {
    this.requiresGrad_(value);
  }

  /** Sets whether operations on this leaf are recorded. @throws AutogradError for a result of operations, or integers. */
  requiresGrad_(...args: [requiresGrad?: boolean] | [named: { requiresGrad?: boolean }]): this {
    const { requiresGrad: value } = REQUIRES_GRAD.take(args);
    if (value && !isFloat(this.dtype)) {
      throw new DTypeError('requiresGrad', `only floating-point tensors can require gradients, got ${this.dtype}.`, {
        dtype: this.dtype,
      });
    }
    if (!value && !this.isLeaf) {
      throw new AutogradError('requiresGrad', 'only leaf tensors can be changed; use detach() to leave the graph.');
    }
    this.wantsGrad = value;
    // What learns is used again, however long it is left alone.
    if (value && this.isLeaf && !this.kept) this.claim('leaf');
    return this;
  }

  /** @internal */
  get autograd(): AutogradMeta {
    return (this.meta ??= {
      node: null,
      outputIndex: 0,
      accumulator: null,
      link: null,
      hooks: null,
      retainsGrad: false,
    });
  }

  /** @internal How this view follows its base, or null if it is no view. */
  get viewLink(): ViewLink | null {
    return this.meta === null ? null : this.meta.link;
  }

  /** Whether this was made by the user and not by a recorded operation. */
  get isLeaf(): boolean {
    return this.gradFn === null;
  }

  /** The recorded operation that made this tensor, or null for a leaf. */
  get gradFn(): GradFn | null {
    if (this.meta === null) return null;
    const { link, node } = this.meta;
    return link === null ? node : link.current(this);
  }

  /** The gradient that `backward` accumulated here. */
  get grad(): Tensor | null {
    this.gradientSeen = true;
    if (this.gradient === null && !this.isLeaf && !this.meta?.retainsGrad) {
      // eslint-disable-next-line no-console -- nothing else would show it
      console.warn('grad: only leaves keep it. Call retainGrad() before backward().');
    }
    return this.gradient;
  }

  /** @throws AutogradError if shape, dtype or device differ from the tensor's. */
  set grad(value: Tensor | null) {
    if (
      value !== null &&
      (!(value instanceof Tensor) ||
        !sameShape(value.shape, this.shape) ||
        value.dtype !== this.dtype ||
        value.device !== this.device)
    ) {
      throw new AutogradError('grad', `must match the tensor ${String(this)}, got ${String(value)}.`, {
        shape: this.shape,
        grad: (value as Tensor | undefined)?.shape,
      });
    }
    this.replaceGrad(value);
    this.gradientSeen = true;
  }

  /** @internal The gradient, without letting on that the caller may hold it on. */
  get ownGrad(): Tensor | null {
    return this.gradient;
  }

  /** @internal Puts a gradient that the engine owns; the one before is freed unless somebody has seen it. */
  replaceGrad(value: Tensor | null): void {
    if (this.gradient === value) return;
    capture.current?.gradient(this);
    // One that the user may hold is as any other tensor from now on.
    if (this.gradientSeen) this.gradient?.claim(null);
    else this.gradient?.release();
    value?.keepAs(this.kept ? 'kept' : 'leaf');
    this.gradient = value;
    this.gradientSeen = false;
  }

  /** @internal Another handle on the same memory, outside the graph; also of a handle that was freed, while something else holds the memory. */
  alias(): Tensor {
    return new Tensor(this.storageUnchecked, this.dtype, this.shape, this.strides, this.offset);
  }

  /** The same values outside the graph; shares memory. */
  detach(): Tensor {
    return new Tensor(this.storage, this.dtype, this.shape, this.strides, this.offset);
  }

  /** @internal Shows the same memory as the view `other` does. */
  lieAs(other: Tensor): this {
    this.layout = other.layout;
    return this;
  }

  /** @internal Takes over the memory and layout of `other`; the object, its gradient settings and its hooks stay. */
  adopt(other: Tensor): void {
    this.moveTo(other.storage);
    this.layout = other.layout;
    if (this.meta !== null) this.meta.accumulator = null;
  }

  // ---- values -----------------------------------------------------------------------------------

  /**
   * The elements in row-major order, in a fresh typed array (BigInt64Array for int64, Uint8Array for bool, Float32Array
   * for float16 and bfloat16).
   * @throws FaultError if an operation that the values depend on met bad data.
   */
  async data(): Promise<TypedArray> {
    const { dtype, storage } = this;
    const { version } = storage;
    const values = DTYPES[dtype].array(await this.bytes());
    // A copy, as the caller may write into what it gets.
    if (values.length <= MOST_KNOWN) this.known = { storage, version, values: values.slice() };
    return values;
  }

  /** @internal Says that these are the values of a tensor that was just made of them; `bytes` gives a copy. */
  noteValues(bytes: () => ArrayBuffer): void {
    if (this.numel() > MOST_KNOWN || this.isMeta) return;
    const { storage, dtype } = this;
    this.known = { storage, version: storage.version, values: DTYPES[dtype].array(bytes()) };
  }

  /** @internal The values, where the page has seen them and they have not changed since. */
  get seenValues(): TypedArray | null {
    const { known } = this;
    return known?.storage === this.storage && known.version === this.storage.version ? known.values : null;
  }

  /** @internal The elements in row-major order as memory holds them. */
  async bytes(): Promise<ArrayBuffer> {
    const bytes = await this.home.read(this);
    await awaitCollection();
    return bytes;
  }

  /** The value of a tensor of one element. @throws RangeError if it has another number, or for an int64 beyond 2^53. */
  async item(): Promise<number> {
    if (this.numel() !== 1) {
      throw new ValueError(
        'item',
        `the tensor must have one element, got shape ${formatShape(this.shape)}. Use tolist() or data().`,
      );
    }
    return toNumbers(await this.data())[0];
  }

  /**
   * The elements as nested arrays of numbers (booleans for bool). `T` is what the caller knows of the shape.
   * @throws RangeError for an int64 beyond 2^53.
   * @example for (const i of await randint(10, [3]).tolist<number[]>()) ...
   */
  async tolist<T extends NestedNumbers = NestedNumbers>(): Promise<T> {
    const { shape, dtype } = this;
    const values = toNumbers(await this.data());
    return nest(dtype === 'bool' ? values.map((v) => v !== 0) : values, shape) as T;
  }

  /** The text that PyTorch prints. */
  async repr(): Promise<string> {
    return this.text(this.isMeta ? null : await this.data());
  }

  /** @internal What consoles print: the text with the values where they are known, else without. */
  inspected(): string {
    if (this.isFreed) return `Tensor(shape=${formatShape(this.shape)}, dtype=${this.dtype}, freed)`;
    if (this.isMeta) return this.text(null);
    const { seenValues } = this;
    if (seenValues !== null) return this.text(seenValues);
    return `${this.toString().slice(0, -1)}, values: await x.repr())`;
  }

  /** As PyTorch prints it; without values on the meta device. */
  private text(values: TypedArray | null): string {
    const { shape, dtype, device, gradFn, requiresGrad } = this;
    const suffix: string[] = [];
    if (device !== 'wasm') suffix.push(`device='${device}'`);
    if (gradFn !== null) suffix.push(`grad_fn=<${gradFn.name}>`);
    else if (requiresGrad) suffix.push('requires_grad=True');
    return formatTensor(values, shape, dtype, suffix);
  }

  /** Shape, dtype and device; the values need `await t.repr()`. */
  override toString(): string {
    return `Tensor(shape=${formatShape(this.shape)}, dtype=${this.dtype}, device=${this.device})`;
  }

  /** @throws TypeError where JavaScript's operators need a number: `a + b` is `a.add(b)` */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return this.toString();
    throw new KindError(
      'Tensor',
      'operators are methods, as in a.add(b), and the number itself has to be waited for: await x.item().',
    );
  }

  get [Symbol.toStringTag](): string {
    return 'Tensor';
  }

  /** Bytes that the elements take. */
  get nbytes(): number {
    return this.numel() * itemSize(this.dtype);
  }
}

printsAs(
  Tensor,
  (x) => x.inspected(),
  'Tensor: JSON needs the values, which have to be waited for: JSON.stringify(await x.tolist()).',
);

/** @throws TypeError unless `value` is a tensor */
export function checkTensor(op: string, value: unknown): asserts value is Tensor {
  if (!(value instanceof Tensor)) throw new KindError(op, `expected a tensor, got ${describe(value)}.`);
}

function toNumbers(values: TypedArray): number[] {
  if (!(values instanceof BigInt64Array)) return Array.from(values);
  return Array.from(values, (value) => {
    const n = Number(value);
    if (!Number.isSafeInteger(n))
      throw new ValueError(null, `an int64 beyond 2^53 is no exact number, got ${value}. Use data().`);
    return n;
  });
}

function nest(values: (number | boolean)[], shape: Shape): NestedNumbers {
  if (shape.length === 0) return values[0];
  const [size, ...rest] = shape;
  const step = numelOf(rest);
  return Array.from({ length: size }, (_, i) => nest(values.slice(i * step, (i + 1) * step), rest));
}

const PARAMETER = signature('Parameter', [
  argument('data', instanceOf('a tensor', Tensor)),
  argument('requiresGrad', FLAG, true),
]);

/** A tensor that is a parameter of the module it is assigned to. Outlives every scope. @see torch.nn.Parameter */
export class Parameter extends Tensor {
  static override readonly name: string = 'Parameter';

  /** Makes the type differ from Tensor's, so that a tensor is no parameter for the compiler either. */
  declare protected readonly isParameter: true;

  /** Shares the memory of `data`, outside its graph. */
  constructor(...args: Arguments<[data: Tensor], [requiresGrad?: boolean], { data: Tensor; requiresGrad?: boolean }>) {
    const { data, requiresGrad } = PARAMETER.take(args);
    super(data.storage, data.dtype, data.shape, data.strides, data.offset);
    this.kept = true;
    this.requiresGrad_(requiresGrad);
  }

  override async repr(): Promise<string> {
    return 'Parameter containing:\n' + (await super.repr());
  }
}

const BUFFER = signature('Buffer', [
  argument('data', instanceOf('a tensor', Tensor)),
  argument('persistent', FLAG, true),
]);

/**
 * A tensor that is a buffer of the module it is assigned to, as `registerBuffer` makes one: state that is not learned. The name
 * stays that of a buffer when another tensor is assigned to it. Outlives every scope.
 * @example running: Tensor = new nn.Buffer(zeros(3), { persistent: false }); // a class field that other tensors may be assigned to
 * @see torch.nn.Buffer
 */
export class Buffer extends Tensor {
  static override readonly name: string = 'Buffer';

  /** Whether the state dict has it; true by default. */
  readonly persistent: boolean;

  /** Shares the memory of `data`, outside its graph. */
  constructor(...args: Arguments<[data: Tensor], [persistent?: boolean], { data: Tensor; persistent?: boolean }>) {
    const { data, persistent } = BUFFER.take(args);
    super(data.storage, data.dtype, data.shape, data.strides, data.offset);
    this.kept = true;
    this.persistent = persistent;
  }

  override async repr(): Promise<string> {
    return 'Buffer containing:\n' + (await super.repr());
  }
}

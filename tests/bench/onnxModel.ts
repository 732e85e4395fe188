// Writes ONNX models, as far as the benchmark needs them: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto in protobuf's
// encoding (https://protobuf.dev/programming-guides/encoding). Field numbers stand beside their names.
import type { Indices, Values } from './data';

const OPSET = 17;
const IR_VERSION = 8;

/** Values of TensorProto.DataType. */
const FLOAT32 = 1;
const INT32 = 6;
const INT64 = 7;

/** Bytes of a message, field by field. */
class Message {
  private readonly parts: Uint8Array[] = [];

  integer(field: number, value: number): this {
    this.parts.push(varint(field << 3), varint(value));
    return this;
  }

  float(field: number, value: number): this {
    this.parts.push(varint((field << 3) | 5), new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.parts.push(varint((field << 3) | 2), varint(value.length), value);
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  message(field: number, value: Message): this {
    return this.bytes(field, value.encode());
  }

  encode(): Uint8Array {
    const result = new Uint8Array(this.parts.reduce((sum, part) => sum + part.length, 0));
    let offset = 0;
    for (const part of this.parts) {
      result.set(part, offset);
      offset += part.length;
    }
    return result;
  }
}

/** Seven bits a byte, the lowest first; negative numbers as 64 bits in two's complement. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const more = rest > 127n ? 128 : 0;
    bytes.push(Number(rest & 127n) | more);
    rest >>= 7n;
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

export type Attribute = number | readonly number[];

/** Floats are told from integers by this list: JavaScript has one kind of number. */
const FLOAT_ATTRIBUTES = ['epsilon'];

function attributeMessage(name: string, value: Attribute): Message {
  // name 1, f 2, i 3, ints 8, type 20 (FLOAT 1, INT 2, INTS 7)
  const message = new Message().text(1, name);
  if (typeof value !== 'number') return value.reduce((m, each) => m.integer(8, each), message).integer(20, 7);
  return FLOAT_ATTRIBUTES.includes(name)
    ? message.float(2, value).integer(20, 1)
    : message.integer(3, value).integer(20, 2);
}

/** A graph under construction; tensors are named by strings. */
export class OnnxGraph {
  /** GraphProto: node 1, name 2, initializer 5, input 11, output 12 */
  private readonly graph = new Message().text(2, 'line');
  private count = 0;

  input(name: string, { shape, data }: Values | Indices): string {
    this.graph.message(11, valueInfo(name, shape, data instanceof Int32Array ? INT32 : FLOAT32));
    return name;
  }

  /** A constant tensor. */
  constant(values: Values): string {
    return this.initializer(values.shape, FLOAT32, new Uint8Array(values.data.buffer));
  }

  /** A constant shape. */
  integers(...values: number[]): string {
    return this.initializer([values.length], INT64, new Uint8Array(BigInt64Array.from(values, BigInt).buffer));
  }

  private initializer(shape: readonly number[], type: number, data: Uint8Array): string {
    const name = this.newName();
    // TensorProto: dims 1, data_type 2, name 8, raw_data 9
    const tensor = shape.reduce((message, size) => message.integer(1, size), new Message());
    this.graph.message(5, tensor.integer(2, type).text(8, name).bytes(9, data));
    return name;
  }

  /** Appends an operation with one result, and gives its name. */
  node(operation: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    return this.nodes(operation, inputs, 1, attributes)[0];
  }

  /** Appends an operation with several results. */
  nodes(
    operation: string,
    inputs: readonly string[],
    results: number,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string[] {
    const names = Array.from({ length: results }, () => this.newName());
    // NodeProto: input 1, output 2, op_type 4, attribute 5
    const node = new Message();
    for (const name of inputs) node.text(1, name);
    for (const name of names) node.text(2, name);
    node.text(4, operation);
    for (const [name, value] of Object.entries(attributes)) node.message(5, attributeMessage(name, value));
    this.graph.message(1, node);
    return names;
  }

  /** The bytes of a model that gives this tensor. */
  encode(output: string, shape: readonly number[]): Uint8Array {
    this.graph.message(12, valueInfo(output, shape, FLOAT32));
    // ModelProto: ir_version 1, graph 7, opset_import 8 (version 2)
    return new Message()
      .integer(1, IR_VERSION)
      .message(8, new Message().integer(2, OPSET))
      .message(7, this.graph)
      .encode();
  }

  private newName(): string {
    return `t${this.count++}`;
  }
}

/** ValueInfoProto: name 1, type 2 = TypeProto: tensor_type 1 = (elem_type 1, shape 2 = (dim 1 = (dim_value 1))*) */
function valueInfo(name: string, shape: readonly number[], type: number): Message {
  const sizes = shape.reduce((message, size) => message.message(1, new Message().integer(1, size)), new Message());
  const tensor = new Message().integer(1, type).message(2, sizes);
  return new Message().text(1, name).message(2, new Message().message(1, tensor));
}

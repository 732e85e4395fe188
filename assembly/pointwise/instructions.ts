// From instruction and type to loop. Each entry is a function of its own in the table: were they called by name, the
// optimizer would inline them all into one function too large for a browser to compile well. Over 400 lines because it
// is one table: a row for each instruction and type, nothing else.
import { DTypeCode, PointwiseOp } from '../engine/commands';
import * as double from './double';
import {
  binary,
  binaryDouble,
  binaryExact,
  choice,
  comparison,
  convert,
  count,
  fill,
  ternary,
  truth,
  unary,
  unaryPair,
  unaryDouble,
  Loop,
} from './loops';
import { narrow } from './operands';
import * as op from './operations';
import { uniform } from '../kernels/random';

const unsupported: Loop = (out, a, b, c, n) => unreachable();

/** The loop of a PointwiseOp on arguments of this type (Float32 to Int64). */
export function loopOf(code: i32, type: i32): Loop {
  if (type == DTypeCode.Float32) return float32Loop(code);
  if (type == DTypeCode.Float64) return float64Loop(code);
  if (type == DTypeCode.Int32) return int32Loop(code);
  return type == DTypeCode.Int64 ? int64Loop(code) : narrowLoop(type);
}

/** Loops of Narrow, which rounds or wraps in registers. */
function narrowLoop(type: i32): Loop {
  switch (type) {
    case DTypeCode.Uint8:
      return (out, a, b, c, n) => narrow(DTypeCode.Uint8, out, a, n);
    case DTypeCode.Int8:
      return (out, a, b, c, n) => narrow(DTypeCode.Int8, out, a, n);
    case DTypeCode.Int16:
      return (out, a, b, c, n) => narrow(DTypeCode.Int16, out, a, n);
    case DTypeCode.Float16:
      return (out, a, b, c, n) => narrow(DTypeCode.Float16, out, a, n);
    default:
      return (out, a, b, c, n) => narrow(DTypeCode.Bfloat16, out, a, n);
  }
}

/** Loops of float32. */
function float32Loop(code: i32): Loop {
  switch (code) {
    case PointwiseOp.Copy:
      return (out, a, b, c, n) => memory.copy(out, a, <usize>n * sizeof<f32>());
    case PointwiseOp.Splat:
      return (out, a, b, c, n) => fill<f32>(out, <f32>load<f64>(a), n);
    case PointwiseOp.ToFloat64:
      return (out, a, b, c, n) => convert<f32, f64>(out, a, n);
    case PointwiseOp.ToInt32:
      return (out, a, b, c, n) => convert<f32, i32>(out, a, n);
    case PointwiseOp.ToInt64:
      return (out, a, b, c, n) => convert<f32, i64>(out, a, n);
    case PointwiseOp.ToBool:
      return (out, a, b, c, n) => truth<f32>(out, a, n);
    case PointwiseOp.Add:
      return (out, a, b, c, n) => binary<f32, op.Add<f32>>(out, a, b, n);
    case PointwiseOp.Sub:
      return (out, a, b, c, n) => binary<f32, op.Sub<f32>>(out, a, b, n);
    case PointwiseOp.Mul:
      return (out, a, b, c, n) => binary<f32, op.Mul<f32>>(out, a, b, n);
    case PointwiseOp.Maximum:
      return (out, a, b, c, n) => binary<f32, op.Maximum<f32>>(out, a, b, n);
    case PointwiseOp.Minimum:
      return (out, a, b, c, n) => binary<f32, op.Minimum<f32>>(out, a, b, n);
    case PointwiseOp.Neg:
      return (out, a, b, c, n) => unary<f32, op.Neg<f32>>(out, a, n);
    case PointwiseOp.Abs:
      return (out, a, b, c, n) => unary<f32, op.Abs<f32>>(out, a, n);
    case PointwiseOp.Eq:
      return (out, a, b, c, n) => comparison<f32, op.Eq<f32>>(out, a, b, n);
    case PointwiseOp.Ne:
      return (out, a, b, c, n) => comparison<f32, op.Ne<f32>>(out, a, b, n);
    case PointwiseOp.Lt:
      return (out, a, b, c, n) => comparison<f32, op.Lt<f32>>(out, a, b, n);
    case PointwiseOp.Le:
      return (out, a, b, c, n) => comparison<f32, op.Le<f32>>(out, a, b, n);
    case PointwiseOp.Where:
      return (out, a, b, c, n) => choice<f32>(out, a, b, c, n);
    case PointwiseOp.Div:
      return (out, a, b, c, n) => binary<f32, op.Div<f32>>(out, a, b, n);
    case PointwiseOp.Copysign:
      return (out, a, b, c, n) => binary<f32, op.Copysign<f32>>(out, a, b, n);
    case PointwiseOp.MulAdd:
      return (out, a, b, c, n) => ternary<f32, op.MulAdd<f32>>(out, a, b, c, n);
    case PointwiseOp.Sqrt:
      return (out, a, b, c, n) => unary<f32, op.Sqrt<f32>>(out, a, n);
    case PointwiseOp.Floor:
      return (out, a, b, c, n) => unary<f32, op.Floor<f32>>(out, a, n);
    case PointwiseOp.Ceil:
      return (out, a, b, c, n) => unary<f32, op.Ceil<f32>>(out, a, n);
    case PointwiseOp.Round:
      return (out, a, b, c, n) => unary<f32, op.Round<f32>>(out, a, n);
    case PointwiseOp.Trunc:
      return (out, a, b, c, n) => unary<f32, op.Trunc<f32>>(out, a, n);
    case PointwiseOp.Exp:
      return (out, a, b, c, n) => unaryPair<f32, op.Exp>(out, a, n);
    case PointwiseOp.Exp2:
      return (out, a, b, c, n) => unaryDouble<f32>(out, a, n, double.exp2);
    case PointwiseOp.Expm1:
      return (out, a, b, c, n) => unaryPair<f32, op.Expm1>(out, a, n);
    case PointwiseOp.Log:
      return (out, a, b, c, n) => unaryPair<f32, op.Log>(out, a, n);
    case PointwiseOp.Log2:
      return (out, a, b, c, n) => unaryDouble<f32>(out, a, n, double.log2);
    case PointwiseOp.Log10:
      return (out, a, b, c, n) => unaryDouble<f32>(out, a, n, NativeMath.log10);
    case PointwiseOp.Log1p:
      return (out, a, b, c, n) => unaryPair<f32, op.Log1p>(out, a, n);
    case PointwiseOp.Sigmoid:
      return (out, a, b, c, n) => unaryPair<f32, op.Sigmoid>(out, a, n);
    case PointwiseOp.Sin:
      return (out, a, b, c, n) => unaryDouble<f32>(out, a, n, NativeMath.sin);
    case PointwiseOp.Cos:
      return (out, a, b, c, n) => unaryDouble<f32>(out, a, n, NativeMath.cos);
    case PointwiseOp.Tan:
      return (out, a, b, c, n) => unaryDouble<f32>(out, a, n, NativeMath.tan);
    case PointwiseOp.Asin:
      return (out, a, b, c, n) => unaryDouble<f32>(out, a, n, NativeMath.asin);
    case PointwiseOp.Acos:
      return (out, a, b, c, n) => unaryDouble<f32>(out, a, n, NativeMath.acos);
    case PointwiseOp.Atan:
      return (out, a, b, c, n) => unaryDouble<f32>(out, a, n, NativeMath.atan);
    case PointwiseOp.Sinh:
      return (out, a, b, c, n) => unaryDouble<f32>(out, a, n, double.sinh);
    case PointwiseOp.Cosh:
      return (out, a, b, c, n) => unaryDouble<f32>(out, a, n, double.cosh);
    case PointwiseOp.Tanh:
      return (out, a, b, c, n) => unaryPair<f32, op.Tanh>(out, a, n);
    case PointwiseOp.Asinh:
      return (out, a, b, c, n) => unaryDouble<f32>(out, a, n, double.asinh);
    case PointwiseOp.Acosh:
      return (out, a, b, c, n) => unaryDouble<f32>(out, a, n, double.acosh);
    case PointwiseOp.Atanh:
      return (out, a, b, c, n) => unaryDouble<f32>(out, a, n, double.atanh);
    case PointwiseOp.Erf:
      return (out, a, b, c, n) => unaryPair<f32, op.Erf>(out, a, n);
    case PointwiseOp.Erfc:
      return (out, a, b, c, n) => unaryDouble<f32>(out, a, n, double.erfc);
    case PointwiseOp.Erfinv:
      return (out, a, b, c, n) => unaryDouble<f32>(out, a, n, double.erfinv);
    case PointwiseOp.Lgamma:
      return (out, a, b, c, n) => unaryDouble<f32>(out, a, n, double.lgamma);
    case PointwiseOp.Digamma:
      return (out, a, b, c, n) => unaryDouble<f32>(out, a, n, double.digamma);
    case PointwiseOp.FloorDivide:
      return (out, a, b, c, n) => binaryDouble<f32>(out, a, b, n, double.floorDivide);
    case PointwiseOp.Remainder:
      return (out, a, b, c, n) => binaryDouble<f32>(out, a, b, n, double.remainder);
    case PointwiseOp.Fmod:
      return (out, a, b, c, n) => binaryDouble<f32>(out, a, b, n, double.fmod);
    case PointwiseOp.Pow:
      return (out, a, b, c, n) => binaryDouble<f32>(out, a, b, n, double.pow);
    case PointwiseOp.Atan2:
      return (out, a, b, c, n) => binaryDouble<f32>(out, a, b, n, NativeMath.atan2);
    case PointwiseOp.Hypot:
      return (out, a, b, c, n) => binaryDouble<f32>(out, a, b, n, double.hypot);
    case PointwiseOp.Polygamma:
      return (out, a, b, c, n) => binaryDouble<f32>(out, a, b, n, double.polygamma);
    default:
      return unsupported;
  }
}

/** Loops of float64. */
function float64Loop(code: i32): Loop {
  switch (code) {
    case PointwiseOp.Copy:
      return (out, a, b, c, n) => memory.copy(out, a, <usize>n * sizeof<f64>());
    case PointwiseOp.Splat:
      return (out, a, b, c, n) => fill<f64>(out, <f64>load<f64>(a), n);
    case PointwiseOp.ToFloat32:
      return (out, a, b, c, n) => convert<f64, f32>(out, a, n);
    case PointwiseOp.ToInt32:
      return (out, a, b, c, n) => convert<f64, i32>(out, a, n);
    case PointwiseOp.ToInt64:
      return (out, a, b, c, n) => convert<f64, i64>(out, a, n);
    case PointwiseOp.ToBool:
      return (out, a, b, c, n) => truth<f64>(out, a, n);
    case PointwiseOp.Add:
      return (out, a, b, c, n) => binary<f64, op.Add<f64>>(out, a, b, n);
    case PointwiseOp.Sub:
      return (out, a, b, c, n) => binary<f64, op.Sub<f64>>(out, a, b, n);
    case PointwiseOp.Mul:
      return (out, a, b, c, n) => binary<f64, op.Mul<f64>>(out, a, b, n);
    case PointwiseOp.Maximum:
      return (out, a, b, c, n) => binary<f64, op.Maximum<f64>>(out, a, b, n);
    case PointwiseOp.Minimum:
      return (out, a, b, c, n) => binary<f64, op.Minimum<f64>>(out, a, b, n);
    case PointwiseOp.Neg:
      return (out, a, b, c, n) => unary<f64, op.Neg<f64>>(out, a, n);
    case PointwiseOp.Abs:
      return (out, a, b, c, n) => unary<f64, op.Abs<f64>>(out, a, n);
    case PointwiseOp.Eq:
      return (out, a, b, c, n) => comparison<f64, op.Eq<f64>>(out, a, b, n);
    case PointwiseOp.Ne:
      return (out, a, b, c, n) => comparison<f64, op.Ne<f64>>(out, a, b, n);
    case PointwiseOp.Lt:
      return (out, a, b, c, n) => comparison<f64, op.Lt<f64>>(out, a, b, n);
    case PointwiseOp.Le:
      return (out, a, b, c, n) => comparison<f64, op.Le<f64>>(out, a, b, n);
    case PointwiseOp.Where:
      return (out, a, b, c, n) => choice<f64>(out, a, b, c, n);
    case PointwiseOp.Div:
      return (out, a, b, c, n) => binary<f64, op.Div<f64>>(out, a, b, n);
    case PointwiseOp.Copysign:
      return (out, a, b, c, n) => binary<f64, op.Copysign<f64>>(out, a, b, n);
    case PointwiseOp.MulAdd:
      return (out, a, b, c, n) => ternary<f64, op.MulAdd<f64>>(out, a, b, c, n);
    case PointwiseOp.Sqrt:
      return (out, a, b, c, n) => unary<f64, op.Sqrt<f64>>(out, a, n);
    case PointwiseOp.Floor:
      return (out, a, b, c, n) => unary<f64, op.Floor<f64>>(out, a, n);
    case PointwiseOp.Ceil:
      return (out, a, b, c, n) => unary<f64, op.Ceil<f64>>(out, a, n);
    case PointwiseOp.Round:
      return (out, a, b, c, n) => unary<f64, op.Round<f64>>(out, a, n);
    case PointwiseOp.Trunc:
      return (out, a, b, c, n) => unary<f64, op.Trunc<f64>>(out, a, n);
    case PointwiseOp.Exp:
      return (out, a, b, c, n) => unaryDouble<f64>(out, a, n, double.exp);
    case PointwiseOp.Exp2:
      return (out, a, b, c, n) => unaryDouble<f64>(out, a, n, double.exp2);
    case PointwiseOp.Expm1:
      return (out, a, b, c, n) => unaryDouble<f64>(out, a, n, NativeMath.expm1);
    case PointwiseOp.Log:
      return (out, a, b, c, n) => unaryDouble<f64>(out, a, n, double.log);
    case PointwiseOp.Log2:
      return (out, a, b, c, n) => unaryDouble<f64>(out, a, n, double.log2);
    case PointwiseOp.Log10:
      return (out, a, b, c, n) => unaryDouble<f64>(out, a, n, NativeMath.log10);
    case PointwiseOp.Log1p:
      return (out, a, b, c, n) => unaryDouble<f64>(out, a, n, NativeMath.log1p);
    case PointwiseOp.Sigmoid:
      return (out, a, b, c, n) => unaryDouble<f64>(out, a, n, double.sigmoid);
    case PointwiseOp.Sin:
      return (out, a, b, c, n) => unaryDouble<f64>(out, a, n, NativeMath.sin);
    case PointwiseOp.Cos:
      return (out, a, b, c, n) => unaryDouble<f64>(out, a, n, NativeMath.cos);
    case PointwiseOp.Tan:
      return (out, a, b, c, n) => unaryDouble<f64>(out, a, n, NativeMath.tan);
    case PointwiseOp.Asin:
      return (out, a, b, c, n) => unaryDouble<f64>(out, a, n, NativeMath.asin);
    case PointwiseOp.Acos:
      return (out, a, b, c, n) => unaryDouble<f64>(out, a, n, NativeMath.acos);
    case PointwiseOp.Atan:
      return (out, a, b, c, n) => unaryDouble<f64>(out, a, n, NativeMath.atan);
    case PointwiseOp.Sinh:
      return (out, a, b, c, n) => unaryDouble<f64>(out, a, n, double.sinh);
    case PointwiseOp.Cosh:
      return (out, a, b, c, n) => unaryDouble<f64>(out, a, n, double.cosh);
    case PointwiseOp.Tanh:
      return (out, a, b, c, n) => unaryDouble<f64>(out, a, n, double.tanh);
    case PointwiseOp.Asinh:
      return (out, a, b, c, n) => unaryDouble<f64>(out, a, n, double.asinh);
    case PointwiseOp.Acosh:
      return (out, a, b, c, n) => unaryDouble<f64>(out, a, n, double.acosh);
    case PointwiseOp.Atanh:
      return (out, a, b, c, n) => unaryDouble<f64>(out, a, n, double.atanh);
    case PointwiseOp.Erf:
      return (out, a, b, c, n) => unaryDouble<f64>(out, a, n, double.erf);
    case PointwiseOp.Erfc:
      return (out, a, b, c, n) => unaryDouble<f64>(out, a, n, double.erfc);
    case PointwiseOp.Erfinv:
      return (out, a, b, c, n) => unaryDouble<f64>(out, a, n, double.erfinv);
    case PointwiseOp.Lgamma:
      return (out, a, b, c, n) => unaryDouble<f64>(out, a, n, double.lgamma);
    case PointwiseOp.Digamma:
      return (out, a, b, c, n) => unaryDouble<f64>(out, a, n, double.digamma);
    case PointwiseOp.FloorDivide:
      return (out, a, b, c, n) => binaryDouble<f64>(out, a, b, n, double.floorDivide);
    case PointwiseOp.Remainder:
      return (out, a, b, c, n) => binaryDouble<f64>(out, a, b, n, double.remainder);
    case PointwiseOp.Fmod:
      return (out, a, b, c, n) => binaryDouble<f64>(out, a, b, n, double.fmod);
    case PointwiseOp.Pow:
      return (out, a, b, c, n) => binaryDouble<f64>(out, a, b, n, double.pow);
    case PointwiseOp.Atan2:
      return (out, a, b, c, n) => binaryDouble<f64>(out, a, b, n, NativeMath.atan2);
    case PointwiseOp.Hypot:
      return (out, a, b, c, n) => binaryDouble<f64>(out, a, b, n, double.hypot);
    case PointwiseOp.Polygamma:
      return (out, a, b, c, n) => binaryDouble<f64>(out, a, b, n, double.polygamma);
    default:
      return unsupported;
  }
}

/** Loops of int32, which also holds uint8 and bool. */
function int32Loop(code: i32): Loop {
  switch (code) {
    case PointwiseOp.Copy:
      return (out, a, b, c, n) => memory.copy(out, a, <usize>n * sizeof<i32>());
    case PointwiseOp.Splat:
      return (out, a, b, c, n) => fill<i32>(out, <i32>load<f64>(a), n);
    case PointwiseOp.ToFloat32:
      return (out, a, b, c, n) => convert<i32, f32>(out, a, n);
    case PointwiseOp.ToFloat64:
      return (out, a, b, c, n) => convert<i32, f64>(out, a, n);
    case PointwiseOp.ToInt64:
      return (out, a, b, c, n) => convert<i32, i64>(out, a, n);
    case PointwiseOp.ToBool:
      return (out, a, b, c, n) => truth<i32>(out, a, n);
    case PointwiseOp.Add:
      return (out, a, b, c, n) => binary<i32, op.Add<i32>>(out, a, b, n);
    case PointwiseOp.Sub:
      return (out, a, b, c, n) => binary<i32, op.Sub<i32>>(out, a, b, n);
    case PointwiseOp.Mul:
      return (out, a, b, c, n) => binary<i32, op.Mul<i32>>(out, a, b, n);
    case PointwiseOp.Maximum:
      return (out, a, b, c, n) => binary<i32, op.Maximum<i32>>(out, a, b, n);
    case PointwiseOp.Minimum:
      return (out, a, b, c, n) => binary<i32, op.Minimum<i32>>(out, a, b, n);
    case PointwiseOp.Neg:
      return (out, a, b, c, n) => unary<i32, op.Neg<i32>>(out, a, n);
    case PointwiseOp.Abs:
      return (out, a, b, c, n) => unary<i32, op.Abs<i32>>(out, a, n);
    case PointwiseOp.Eq:
      return (out, a, b, c, n) => comparison<i32, op.Eq<i32>>(out, a, b, n);
    case PointwiseOp.Ne:
      return (out, a, b, c, n) => comparison<i32, op.Ne<i32>>(out, a, b, n);
    case PointwiseOp.Lt:
      return (out, a, b, c, n) => comparison<i32, op.Lt<i32>>(out, a, b, n);
    case PointwiseOp.Le:
      return (out, a, b, c, n) => comparison<i32, op.Le<i32>>(out, a, b, n);
    case PointwiseOp.Where:
      return (out, a, b, c, n) => choice<i32>(out, a, b, c, n);
    case PointwiseOp.BitwiseAnd:
      return (out, a, b, c, n) => binary<i32, op.And>(out, a, b, n);
    case PointwiseOp.BitwiseOr:
      return (out, a, b, c, n) => binary<i32, op.Or>(out, a, b, n);
    case PointwiseOp.BitwiseXor:
      return (out, a, b, c, n) => binary<i32, op.Xor>(out, a, b, n);
    case PointwiseOp.BitwiseNot:
      return (out, a, b, c, n) => unary<i32, op.Not>(out, a, n);
    case PointwiseOp.FloorDivide:
      return (out, a, b, c, n) => binaryExact<i32, op.FloorDivide<i32>>(out, a, b, n);
    case PointwiseOp.TruncDivide:
      return (out, a, b, c, n) => binaryExact<i32, op.TruncDivide<i32>>(out, a, b, n);
    case PointwiseOp.Remainder:
      return (out, a, b, c, n) => binaryExact<i32, op.Remainder<i32>>(out, a, b, n);
    case PointwiseOp.Fmod:
      return (out, a, b, c, n) => binaryExact<i32, op.Fmod<i32>>(out, a, b, n);
    case PointwiseOp.Pow:
      return (out, a, b, c, n) => binaryExact<i32, op.Pow<i32>>(out, a, b, n);
    case PointwiseOp.Uniform:
      return uniform;
    case PointwiseOp.Index:
      return (out, a, b, c, n) => count(out, load<u32>(a), n);
    default:
      return unsupported;
  }
}

/** Loops of int64. */
function int64Loop(code: i32): Loop {
  switch (code) {
    case PointwiseOp.Copy:
      return (out, a, b, c, n) => memory.copy(out, a, <usize>n * sizeof<i64>());
    case PointwiseOp.Splat:
      return (out, a, b, c, n) => fill<i64>(out, <i64>load<f64>(a), n);
    case PointwiseOp.ToFloat32:
      return (out, a, b, c, n) => convert<i64, f32>(out, a, n);
    case PointwiseOp.ToFloat64:
      return (out, a, b, c, n) => convert<i64, f64>(out, a, n);
    case PointwiseOp.ToInt32:
      return (out, a, b, c, n) => convert<i64, i32>(out, a, n);
    case PointwiseOp.ToBool:
      return (out, a, b, c, n) => truth<i64>(out, a, n);
    case PointwiseOp.Add:
      return (out, a, b, c, n) => binary<i64, op.Add<i64>>(out, a, b, n);
    case PointwiseOp.Sub:
      return (out, a, b, c, n) => binary<i64, op.Sub<i64>>(out, a, b, n);
    case PointwiseOp.Mul:
      return (out, a, b, c, n) => binary<i64, op.Mul<i64>>(out, a, b, n);
    case PointwiseOp.Maximum:
      return (out, a, b, c, n) => binary<i64, op.Maximum<i64>>(out, a, b, n);
    case PointwiseOp.Minimum:
      return (out, a, b, c, n) => binary<i64, op.Minimum<i64>>(out, a, b, n);
    case PointwiseOp.Neg:
      return (out, a, b, c, n) => unary<i64, op.Neg<i64>>(out, a, n);
    case PointwiseOp.Abs:
      return (out, a, b, c, n) => unary<i64, op.Abs<i64>>(out, a, n);
    case PointwiseOp.Eq:
      return (out, a, b, c, n) => comparison<i64, op.Eq<i64>>(out, a, b, n);
    case PointwiseOp.Ne:
      return (out, a, b, c, n) => comparison<i64, op.Ne<i64>>(out, a, b, n);
    case PointwiseOp.Lt:
      return (out, a, b, c, n) => comparison<i64, op.Lt<i64>>(out, a, b, n);
    case PointwiseOp.Le:
      return (out, a, b, c, n) => comparison<i64, op.Le<i64>>(out, a, b, n);
    case PointwiseOp.Where:
      return (out, a, b, c, n) => choice<i64>(out, a, b, c, n);
    case PointwiseOp.BitwiseAnd:
      return (out, a, b, c, n) => binary<i64, op.And>(out, a, b, n);
    case PointwiseOp.BitwiseOr:
      return (out, a, b, c, n) => binary<i64, op.Or>(out, a, b, n);
    case PointwiseOp.BitwiseXor:
      return (out, a, b, c, n) => binary<i64, op.Xor>(out, a, b, n);
    case PointwiseOp.BitwiseNot:
      return (out, a, b, c, n) => unary<i64, op.Not>(out, a, n);
    case PointwiseOp.FloorDivide:
      return (out, a, b, c, n) => binaryExact<i64, op.FloorDivide<i64>>(out, a, b, n);
    case PointwiseOp.TruncDivide:
      return (out, a, b, c, n) => binaryExact<i64, op.TruncDivide<i64>>(out, a, b, n);
    case PointwiseOp.Remainder:
      return (out, a, b, c, n) => binaryExact<i64, op.Remainder<i64>>(out, a, b, n);
    case PointwiseOp.Fmod:
      return (out, a, b, c, n) => binaryExact<i64, op.Fmod<i64>>(out, a, b, n);
    case PointwiseOp.Pow:
      return (out, a, b, c, n) => binaryExact<i64, op.Pow<i64>>(out, a, b, n);
    default:
      return unsupported;
  }
}

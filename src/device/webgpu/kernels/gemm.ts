// Matrix products of any strides.
import { productOf } from '../../lowering';
import { scalarType } from '../layout';
import { runProduct, type Product } from '../product';
import type { Lowerings } from './lowering';

const STRIDES = ['aBatch', 'aRow', 'aColumn', 'bBatch', 'bRow', 'bColumn'].map((name) => `${name}: u32`);

export const GEMM: Lowerings<'gemm'> = {
  gemm(stream, [a, b, bias], [out]) {
    const { sizes, strides } = productOf(a, b, out);
    const type = scalarType(out.dtype);
    const masked = out.dtype === 'uint8' ? ' & 255u' : '';
    const product: Product = {
      key: `gemm ${out.dtype} ${bias !== null}`,
      reads: [`a: ${type}`, `b: ${type}`, ...(bias === null ? [] : [`bias: ${type}`])],
      params: STRIDES,
      elements: `alias Row = u32;
struct Depth { a: u32, b: u32 }
alias Column = u32;
fn rowOf(z: u32, row: u32) -> Row { return p.aAt + z * p.aBatch + row * p.aRow; }
fn depthOf(k: u32) -> Depth { return Depth(k * p.aColumn, k * p.bRow); }
fn nextDepth(d: Depth) -> Depth { return Depth(d.a + p.aColumn, d.b + p.bRow); }
fn columnOf(z: u32, column: u32) -> Column { return p.bAt + z * p.bBatch + column * p.bColumn; }
fn elementA(row: Row, k: Depth) -> ${type} { return a[row + k.a]; }
fn elementB(k: Depth, column: Column) -> ${type} { return b[column + k.b]; }`,
      places: `fn rowPlace(z: u32, row: u32) -> u32 { return (z * p.m + row) * p.n; }
fn columnPlace(column: u32) -> u32 { return column; }`,
      bias: (bias === null ? '' : ' + bias[p.biasAt + column]') + masked,
      alongK: [strides.aColumn === 1, strides.bRow === 1 && strides.bColumn !== 1],
    };
    const { aBatch, aRow, aColumn, bBatch, bRow, bColumn } = strides;
    runProduct(stream, product, [a, b, bias], out, { ...sizes, splits: 1 }, [
      aBatch,
      aRow,
      aColumn,
      bBatch,
      bRow,
      bColumn,
    ]);
  },
};

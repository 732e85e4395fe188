// Pointwise expressions: the small language that every elementwise operation is written in, once for all
// devices. Built by typed functions, never parsed. Devices lower it; gradients are derived from it.
export type Expression = never; // replaced by the pointwise slice

// torch.compile.
export { compile } from './compile';
export type { CompileOptions, CompileStats } from './compiled';

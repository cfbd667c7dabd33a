/**
 * Reading a page of rows, in AssemblyScript: SIMD where it helps, no bounds checks, no garbage. Everything here takes addresses and
 * trusts them; ../*.ts are the only callers. After the page there are zeros, which end whatever is being read.
 */
export { scan } from './rows';

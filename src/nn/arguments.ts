// The way of taking arguments is that of the operations too.
export * from '../arguments';

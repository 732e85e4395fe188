/** Recorded programs that part from PyTorch, with why; those that are `open` are faults of kindling. */
export const EXCEPTIONS: Readonly<Record<string, string>> = {
  'seed 83':
    'an index out of range is found in the data, and of rows without elements nothing is read that could reject',
  'seed 116': "PyTorch's derivative of digamma has ten digits in float64",
};

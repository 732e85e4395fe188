// Which programs take long, how near those come to PyTorch whose rounding grows, and what those print that have no twin.

/** Run by `npm run accept`. */
export const LONG: ReadonlySet<string> = new Set(['ddpm', 'mnist', 'nanogpt', 'time_sequence']);

/** Greatest relative difference of a printed number, where it is not 0.001. */
export const CLOSENESS: Readonly<Record<string, number>> = {};

/** Lines of programs that are about kindling alone. */
export const OWN: Readonly<Record<string, readonly string[]>> = {
  kwargs: ['94 of 94 forms work'],
};

// Names of nodes: identifiers, each once, as torch.fx numbers them.

/** What may not be the name of a variable. */
const RESERVED = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally ' +
    'for function if implements import in instanceof interface let new null package private protected public return static super ' +
    'switch this throw true try typeof undefined var void while with yield'
  ).split(' '),
);

/** Gives names out. */
export class Namespace {
  private readonly used = new Set<string>();

  /** Gives the name to nobody. */
  reserve(name: string): void {
    this.used.add(name);
  }

  /** An identifier like `wanted`: what is no letter or digit becomes `_`, and a number follows where it is taken. */
  create(wanted: string): string {
    let candidate = wanted.replace(/[^\w$]+/g, '_');
    if (!/^[A-Za-z_$]/.test(candidate)) candidate = `_${candidate}`;
    const [, base = candidate, digits] = /^(.*)_(\d+)$/.exec(candidate) ?? [];
    for (let n = Number(digits ?? 0); this.used.has(candidate) || RESERVED.has(candidate);) {
      n++;
      candidate = `${base}_${n}`;
    }
    this.used.add(candidate);
    return candidate;
  }
}

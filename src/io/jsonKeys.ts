// What JSON.parse does not tell: whether an object names a key twice, of which it takes the last.

/** A string, or what opens, closes and parts containers; the rest of JSON says nothing of keys. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

/** The first key that an object in a sound JSON text has twice, or null. Objects deeper than `maxDepth` are not looked into. */
export function duplicateKey(text: string, maxDepth: number): string | null {
  /** Keys of the objects that are open; null for arrays. */
  const open: (Set<string> | null)[] = [];
  let before = '';
  let depth = 0;
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') {
      if (++depth <= maxDepth) open.push(token === '{' ? new Set() : null);
    } else if (token === '}' || token === ']') {
      if (depth-- <= maxDepth) open.pop();
    } else if (token === ':' && depth <= maxDepth) {
      const keys = open[open.length - 1];
      // Escapes spell the same key in several ways.
      const key = JSON.parse(before) as string;
      if (keys?.has(key) === true) return key;
      keys?.add(key);
    }
    before = token;
  }
  return null;
}

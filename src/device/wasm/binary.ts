// The engine's binary: one file serves shared and unshared memory.

/**
 * Sets the flag byte of the memory import: 3 shared, 1 not, both with a maximum. Changes `binary` and returns it.
 * The byte follows the import's name 'memory' and kind 2 in the import section.
 */
export function patchMemoryFlag(binary: Uint8Array<ArrayBuffer>, shared: boolean): Uint8Array<ArrayBuffer> {
  const name = [6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2];
  const at = binary.findIndex((_, i) => name.every((byte, j) => binary[i + j] === byte)) + name.length;
  if (at < name.length || (binary[at] !== 3 && binary[at] !== 1))
    throw new Error('internal: the engine imports no memory');
  binary[at] = shared ? 3 : 1;
  return binary;
}

// Folders of cases on disk.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CaseFile, CaseFolder } from './cases';

/** The folder at a path; index.json names its files. */
export function folderAt(root: string): CaseFolder {
  const json = async <T>(path: string): Promise<T> => JSON.parse(await readFile(join(root, path), 'utf8')) as T;
  return {
    list: async () => (await json<{ files: { file: string }[] }>('index.json')).files.map(({ file }) => file),
    read: (path) => json<CaseFile>(path),
    bytes: async (path) => new Uint8Array(await readFile(join(root, path))),
  };
}

// Who called: the stack of the calling thread without the library's own part.

/** Frames of one call that are kept. */
const DEPTH = 16;

/** A frame as Chromium and Node (`    at f (file:1:2)`), or as Firefox and Safari (`f@file:1:2`) write it. */
const FRAME = /^\s*(?:at (?:async )?(?:(.*?) \()?|(.*?)@)(.*?:\d+:\d+)\)?$/;

interface Frame {
  readonly name: string;
  readonly place: string;
}

function frames(): Frame[] {
  const limit = Error.stackTraceLimit;
  // Chromium keeps ten by default, most of which are the library's.
  Error.stackTraceLimit = 64;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = limit;
  return stack.split('\n').flatMap((line) => {
    const [, named, other, place] = FRAME.exec(line) ?? [];
    return place === undefined ? [] : [{ name: named ?? other ?? '', place }];
  });
}

const fileOf = ({ place }: Frame): string => place.replace(/:\d+:\d+$/, '');

/** The folder of the library, or the file that it was put into. */
function libraryOf(own: Frame | undefined): string {
  const file = own === undefined ? '' : fileOf(own);
  return file.replace(/base\/stack\.[jt]s.*$/, '');
}

/** Who called the library, the innermost first: `forward (net.ts:12:5)`. All of the stack where library and page are one file. */
export function callers(): string[] {
  const all = frames();
  const library = libraryOf(all[0]);
  const first = all.findIndex((frame) => !frame.place.startsWith(library));
  return all
    .slice(Math.max(first, 0))
    .filter((frame) => !frame.place.startsWith(library) || first < 0)
    .slice(0, DEPTH)
    .map(({ name, place }) => `${name === '' ? '<anonymous>' : name} (${place})`);
}

// A trace as User Timing measures, on tracks of their own in the Performance panel of DevTools.
// https://developer.chrome.com/docs/devtools/performance/extension
import { keyOf } from './averages';
import type { Trace } from './trace';

const GROUP = 'kindling';

/** Puts what was recorded on the page's timeline, at the times at which it happened. */
export function mark({ spans, commands, steps }: Trace): void {
  const measure = (name: string, track: string, start: number, end: number): void => {
    const devtools = { dataType: 'track-entry', track, trackGroup: GROUP };
    performance.measure(name, { start, end, detail: { devtools } });
  };
  for (const { number, start, end } of steps) measure(`ProfilerStep#${number}`, 'steps', start, end);
  for (const span of spans) measure(keyOf(span), 'page', span.start, span.end);
  for (const { device, name, start, end } of commands) measure(name, device, start, end);
}

// What can be asked of the page by its address:
// ?seed=0&epochs=1&batchSize=64&lr=0.002&device=webgpu&threads=2&limit=6400&autostart=1

/** Settings of the page. */
export interface PageOptions {
  epochs: number;
  batchSize: number;
  lr: number;
  seed: number;
  /** Number of worker threads; null lets the library choose. */
  threads: number | null;
  /** Where to compute; 'auto' is the graphics processor if there is one that the page may use. */
  device: (typeof DEVICES)[number];
  /** Greatest number of training digits. */
  limit: number;
  autostart: boolean;
}

/** The choice of devices. */
export const DEVICES = ['auto', 'wasm', 'webgpu'] as const;

/** Reads the query of an address; what is missing or no number keeps its default. */
export function parseOptions(query: string): PageOptions {
  const parameters = new URLSearchParams(query);
  const number = <D>(name: string, fallback: D): number | D => {
    const text = parameters.get(name) ?? '';
    return text === '' || Number.isNaN(Number(text)) ? fallback : Number(text);
  };
  return {
    epochs: number('epochs', 1),
    batchSize: number('batchSize', 64),
    lr: number('lr', 0.002),
    seed: number('seed', 0),
    threads: number('threads', null),
    device: DEVICES.find((name) => name === parameters.get('device')) ?? 'auto',
    limit: number('limit', Infinity),
    autostart: parameters.get('autostart') === '1',
  };
}

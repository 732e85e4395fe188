// The little of WebDriver (w3.org/TR/webdriver2) that visits a page and runs a function in it: for WebKitGTK.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';

/** A page in some browser. */
export interface ForeignPage {
  goto(url: string): Promise<void>;
  /** Runs `fn` in the page and gives what it resolves to; `fn` sees nothing of this file. */
  evaluate<A, R>(fn: (argument: A) => Promise<R> | R, argument: A): Promise<R>;
  close(): Promise<void>;
}

const PORT = 4725;
const LIBRARIES = '/usr/lib/x86_64-linux-gnu';

/** WebKitGTK's own small browser, which its driver starts. */
function findMiniBrowser(): string {
  const folder = readdirSync(LIBRARIES).find((name) => existsSync(`${LIBRARIES}/${name}/MiniBrowser`));
  if (folder === undefined) throw new Error('No WebKitGTK found; Debian has it in webkit2gtk-driver.');
  return `${LIBRARIES}/${folder}/MiniBrowser`;
}

/** Starts WebKitGTK under a virtual display. */
export async function openWebKit(): Promise<ForeignPage> {
  const driver = spawn('xvfb-run', ['--auto-servernum', 'WebKitWebDriver', `--port=${PORT}`], {
    stdio: 'ignore',
    detached: true,
    env: { ...process.env, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1', LIBGL_ALWAYS_SOFTWARE: '1' },
  });
  try {
    await untilReady();
    const capabilities = {
      alwaysMatch: { 'webkitgtk:browserOptions': { binary: findMiniBrowser(), args: ['--automation'] } },
    };
    const { sessionId } = (await call('POST', '/session', { capabilities })) as { sessionId: string };
    const session = `/session/${sessionId}`;
    await call('POST', `${session}/timeouts`, { script: 120_000 });
    return {
      goto: async (url) => void (await call('POST', `${session}/url`, { url })),
      evaluate: async <A, R>(fn: (argument: A) => Promise<R> | R, argument: A) =>
        (await call('POST', `${session}/execute/sync`, {
          script: `return (${fn.toString()})(arguments[0])`,
          args: [argument],
        })) as R,
      close: async () => {
        await call('DELETE', session);
        stop(driver);
      },
    };
  } catch (error) {
    stop(driver);
    throw error;
  }
}

/** Ends the driver and the display with it: they are one process group. */
function stop(driver: ChildProcess): void {
  if (driver.pid !== undefined) process.kill(-driver.pid);
}

async function untilReady(): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      await call('GET', '/status');
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error('WebKitWebDriver did not start.');
}

async function call(method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${PORT}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const { value } = (await response.json()) as { value: unknown };
  if (!response.ok) throw new Error(`WebDriver ${method} ${path}: ${JSON.stringify(value)}`);
  return value;
}

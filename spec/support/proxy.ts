/** A network between a client and a server that does what networks do: it delays, loses, cuts, or says nothing any more. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Proxy {
  readonly port: number;
  readonly url: string;
  /** New connections go to this port from now on. */
  retarget(port: number): void;
  /** Whatever is sent arrives so much later, ms. */
  delay(ms: number): void;
  /** Nothing arrives any more, and nobody is told: sockets are half open. */
  blackHole(): void;
  /** Ends all connections; with `refusing` new ones too. */
  cut(options?: { refusing?: boolean }): void;
  /** Everything passes again, what was kept from arriving first. Resolves when the server has had all requests of those who have gone. */
  heal(): Promise<void>;
  /** The next request like this arrives, its answer does not, and its connection ends. Resolves when that has happened. */
  loseReplyTo(request: RegExp): Promise<void>;
  /** The next request like this is kept, with all that follows it over its connection, until `heal`, even if its client has gone. Resolves when there is one. */
  keepRequest(request: RegExp): Promise<void>;
  stop(): Promise<void>;
}

interface Wanted {
  readonly request: RegExp;
  readonly done: () => void;
}

export async function startProxy(target: number): Promise<Proxy> {
  let latency = 0;
  let silent = false;
  let refusing = false;
  let losing: Wanted | null = null;
  let keeping: Wanted | null = null;
  const sockets = new Set<Socket>();
  /** What waits for the network to heal. */
  let kept: (() => void)[] = [];
  let ending: Promise<unknown>[] = [];

  const later = (work: () => void): void => {
    if (latency === 0) work();
    else setTimeout(work, latency).unref();
  };

  const server = createServer((client) => {
    if (refusing) {
      client.destroy();
      return;
    }
    const upstream = connect(target, '127.0.0.1');
    /** This connection loses answers, or keeps requests. */
    let deaf: (() => void) | null = null;
    let stuck = false;
    const pass = (to: Socket, chunk: Buffer, mine: boolean): void => {
      const write = (): void => {
        if (!to.destroyed) to.write(chunk);
      };
      if (silent || mine) kept.push(write);
      else later(write);
    };
    client.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1');
      if (losing?.request.test(text) === true) {
        deaf = losing.done;
        losing = null;
      }
      if (keeping?.request.test(text) === true) {
        stuck = true;
        keeping.done();
        keeping = null;
      }
      pass(upstream, chunk, stuck);
    });
    upstream.on('data', (chunk: Buffer) => {
      if (deaf !== null) {
        client.destroy();
        upstream.destroy();
        deaf();
        deaf = null;
      } else pass(client, chunk, false);
    });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.setNoDelay(true);
      one.on('error', () => undefined);
      one.on('close', () => {
        sockets.delete(one);
        if (silent || (stuck && one === client)) {
          // What the client has sent before still arrives.
          kept.push(() => {
            other.end();
          });
          ending.push(new Promise((resolve) => other.once('close', resolve)));
        } else {
          later(() => {
            other.destroy();
          });
        }
      });
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  server.unref();
  const { port } = server.address() as AddressInfo;

  const cutAll = (): void => {
    for (const socket of [...sockets]) socket.destroy();
  };
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    retarget: (to) => {
      target = to;
    },
    delay: (ms) => {
      latency = ms;
    },
    blackHole: () => {
      silent = true;
    },
    cut: (options) => {
      refusing = options?.refusing === true;
      cutAll();
    },
    heal: async () => {
      silent = refusing = false;
      for (const work of kept.splice(0)) work();
      await Promise.all(ending.splice(0));
    },
    loseReplyTo: (request) =>
      new Promise((done) => {
        losing = { request, done };
      }),
    keepRequest: (request) =>
      new Promise((done) => {
        keeping = { request, done };
      }),
    stop: async () => {
      kept = [];
      ending = [];
      cutAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

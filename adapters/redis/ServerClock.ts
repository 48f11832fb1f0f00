/** How long bounds are trusted, ms: clocks drift apart, and servers are replaced. */
const fresh = 10_000;

/**
 * What is known of the server's clock: a round trip says that it read between the two ends of it. All times but those of the
 * server are milliseconds of our own monotonic clock; the server's are microseconds since 1970.
 */
export class ServerClock {
  /** The server is at least so far ahead of us, ms, and at most so far. */
  private least = 0;
  private most = 0;
  private since = -Infinity;
  private sampled = -Infinity;

  sample(sent: number, received: number, server: number): void {
    const least = server / 1000 - received;
    const most = server / 1000 - sent;
    this.sampled = received;
    // Bounds that contradict each other: one of the clocks was set.
    if (received - this.since > fresh || least > this.most || most < this.least) {
      this.least = least;
      this.most = most;
      this.since = received;
    } else {
      this.least = Math.max(this.least, least);
      this.most = Math.min(this.most, most);
    }
  }

  /** Whether the bounds are good enough to trust a message that comes without a round trip. */
  trusted(now: number): boolean {
    return now - this.sampled <= fresh;
  }

  /** Before this the server's clock cannot have read `server`. */
  earliest(server: number): number {
    return server / 1000 - this.most;
  }

  /** From this on it has. */
  latest(server: number): number {
    return server / 1000 - this.least;
  }

  /** What the server's clock shows at `time` or later, in whole microseconds: from then on a script is too late. */
  at(time: number): number {
    return Math.floor((time + this.least) * 1000);
  }
}

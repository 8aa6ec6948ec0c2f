/** Counts for Prometheus (text format 0.0.4). Labels have a few fixed values; nothing from outside becomes one. */
export class Metrics {
  readonly #requests = new Map<string, number>();
  #bytes = 0;
  #inFlight = 0;

  began(): void {
    this.#inFlight++;
  }

  ended(route: string, status: number, bytes: number): void {
    this.#inFlight--;
    const key = `${route} ${status}`;
    this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1);
    this.#bytes += bytes;
  }

  /** The page for a scraper, with gauges that others hold. */
  text(gauges: readonly Gauge[]): string {
    const requests = [...this.#requests].map(([key, value]) => {
      const [route = '', status = ''] = key.split(' ');
      return `pullthrough_http_requests_total{route="${route}",code="${status}"} ${value}`;
    });
    return [
      '# HELP pullthrough_http_requests_total Requests answered.',
      '# TYPE pullthrough_http_requests_total counter',
      ...requests.sort(),
      ...gauges.flatMap(gaugeText),
      ...gaugeText({
        name: 'http_sent_bytes_total',
        help: 'Bytes of bodies sent.',
        type: 'counter',
        value: this.#bytes,
      }),
      ...gaugeText({ name: 'http_requests_in_flight', help: 'Requests being answered.', value: this.#inFlight }),
      '',
    ].join('\n');
  }
}

export interface Gauge {
  /** Without `pullthrough_`. */
  readonly name: string;
  readonly help: string;
  readonly type?: 'counter' | 'gauge';
  readonly value: number;
}

function gaugeText({ name, help, type = 'gauge', value }: Gauge): string[] {
  const full = `pullthrough_${name}`;
  return [`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`, `${full} ${value}`];
}

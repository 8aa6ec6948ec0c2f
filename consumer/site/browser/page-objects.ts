/** The parts of a browser's page that this program uses; the rest of the project has no such names. */
export interface Element {
  hidden: boolean;
  textContent: string | null;
  className: string;
  value: string;
  readonly dataset: Readonly<Record<string, string | undefined>>;
  readonly files: Iterable<LocalFile> | null;
  readonly classList: { add(name: string): void; remove(name: string): void };
  append(...nodes: readonly (Element | string)[]): void;
  replaceChildren(...nodes: readonly (Element | string)[]): void;
  addEventListener(kind: string, listener: (event: PageEvent) => void): void;
  setAttribute(name: string, value: string): void;
}

export interface LocalFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  stream(): ReadableStream<Uint8Array>;
}

export interface PageEvent {
  preventDefault(): void;
  readonly dataTransfer?: { readonly files: Iterable<LocalFile> } | null;
}

export interface Page {
  getElementById(id: string): Element | null;
  createElement(name: string): Element;
  querySelectorAll(selector: string): Iterable<Element>;
}

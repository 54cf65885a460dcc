// Whether the page could be seen: browsers slow down what runs in a tab in the background.

export interface Visibility {
  /** Why times that were taken meanwhile should not be trusted. */
  reasons(): string[];
  stop(): void;
}

/** Watches the page until it is told to stop. */
export function watchVisibility(page: Document | undefined = globalThis.document): Visibility {
  let hidden = page?.visibilityState === "hidden";
  const look = (): void => {
    hidden ||= page?.visibilityState === "hidden";
  };
  page?.addEventListener("visibilitychange", look);
  return {
    reasons: () => (hidden ? ["The tab was in the background, where browsers slow pages down: keep it in sight."] : []),
    stop: () => page?.removeEventListener("visibilitychange", look),
  };
}

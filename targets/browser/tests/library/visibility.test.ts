import { expect, test } from "vitest";
import { watchVisibility } from "../../src/visibility.ts";

/** As much of a document as can be hidden. */
class Page extends EventTarget {
  visibilityState = "visible";
  show(state: string): void {
    this.visibilityState = state;
    this.dispatchEvent(new Event("visibilitychange"));
  }
}

const watch = (page: Page) => watchVisibility(page as unknown as Document);

test("a page that stays in sight gives no reason", () => {
  const page = new Page();
  expect(watch(page).reasons()).toEqual([]);
});

test("a page that was hidden for a moment, or all the time, does", () => {
  const page = new Page();
  const moment = watch(page);
  page.show("hidden");
  const always = watch(page);
  page.show("visible");
  expect(moment.reasons()[0]).toContain("in the background");
  expect(always.reasons()).toHaveLength(1);
  expect(watch(page).reasons()).toEqual([]);
});

test("what happens after the end does not count", () => {
  const page = new Page();
  const watched = watch(page);
  watched.stop();
  page.show("hidden");
  expect(watched.reasons()).toEqual([]);
});

// The page that a benchmark opens in a browser: it works by itself, and says what it does.
import { visit, type Shown } from "../../src/bench/visit.ts";
import { load } from "../../src/index.ts";

const element = (id: string): HTMLElement => {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page lacks #${id}`);
  return found;
};

const bar = element("bar") as HTMLProgressElement;

const show: Shown = ({ title, detail = "", share = null }) => {
  if (element("title").textContent !== title) {
    element("title").textContent = title;
    element("news").textContent = `${title} ${detail}`;
  }
  element("detail").textContent = detail;
  if (share === null) bar.removeAttribute("value");
  else bar.value = share;
};

/** The screen must not go off: a page that nobody sees is put to sleep. Not every browser lets a page ask. */
async function keepScreenOn(): Promise<void> {
  try {
    await navigator.wakeLock.request("screen");
  } catch {
    // The hint on the page says it, too.
  }
}

async function main(): Promise<void> {
  const token = location.hash.slice(1);
  // Lets one browser in, once: it is of no use in the history, nor on a screenshot.
  history.replaceState(null, "", location.pathname);
  if (!token) {
    finish("failed", "This address is not complete", "Copy all of it, with what stands behind the #, or read the code again.");
    return;
  }
  void keepScreenOn();
  document.addEventListener("visibilitychange", () => document.hidden || void keepScreenOn());
  try {
    finish("over", "Done", await visit(load, token, show, report));
  } catch (error) {
    finish("failed", "It ended early", error instanceof Error ? error.message : String(error));
  }
}

function report(name: string, result: string): void {
  const [line, value] = [document.createElement("li"), document.createElement("span")];
  value.textContent = result;
  line.append(name, value);
  element("done").append(line);
}

function finish(state: "over" | "failed", title: string, detail: string): void {
  document.documentElement.dataset["state"] = state;
  show({ title, detail });
  element("hint").textContent = "You can close this page.";
}

void main();

// The page as an app: its service worker, and the button that installs it.
import { find } from "./dom.ts";

/** Longer than this, a first visit does not wait for the worker to take over, in milliseconds. */
const PATIENCE_MS = 2000;

/**
 * Starts the service worker, and waits until it serves this page: what is loaded from then on, it keeps for offline
 * use. Answers at once where there is none (plain http on a network), and does not fail.
 */
export async function startOffline(): Promise<boolean> {
  const workers = "serviceWorker" in navigator ? navigator.serviceWorker : null;
  if (workers === null) return false;
  const told = find("offline", HTMLElement);
  workers.addEventListener("message", (event) => {
    if (event.data === "kept") told.textContent = "It works offline from now on.";
  });
  try {
    const serves = new Promise<void>((done) => {
      if (workers.controller !== null) done();
      else workers.addEventListener("controllerchange", () => done(), { once: true });
    });
    await workers.register(new URL("sw.js", document.baseURI), { updateViaCache: "none" });
    await Promise.race([serves, new Promise((done) => setTimeout(done, PATIENCE_MS))]);
    workers.controller?.postMessage("keep");
    return workers.controller !== null;
  } catch {
    return false;
  }
}

interface InstallPrompt extends Event {
  prompt(): Promise<void>;
}

/** Shows the button for installing where the browser can. */
export function offerInstall(): void {
  const button = find("install", HTMLButtonElement);
  let offer: InstallPrompt | null = null;
  window.addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    offer = event as InstallPrompt;
    button.hidden = false;
  });
  button.addEventListener("click", () => void offer?.prompt());
  window.addEventListener("appinstalled", () => (button.hidden = true));
}

/** The photo that another app shared with this one, once. */
export async function takeShared(): Promise<File | null> {
  if (!new URLSearchParams(location.search).has("shared")) return null;
  history.replaceState(null, "", location.pathname + location.hash);
  const answer = await fetch(new URL("shared-photo", document.baseURI)).catch(() => null);
  if (!answer?.ok) return null;
  const blob = await answer.blob();
  return new File([blob], "Shared picture", { type: blob.type });
}

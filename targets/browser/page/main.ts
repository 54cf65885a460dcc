// The page: what comes in, what runs it, what is shown.
import { EdgeKitError } from "../src/errors.ts";
import type { Classification, Model } from "../src/api.ts";
import { readManifest, type SiteManifest } from "../src/manifest.ts";
import { readChoice, writeChoice, type Choice } from "./address.ts";
import { forget, say, sayWhenItStays } from "./announce.ts";
import { hideAnswer, showAnswer, showClasses } from "./answer.ts";
import { createBenchPanel } from "./bench.ts";
import { createCamera } from "./camera.ts";
import { find } from "./dom.ts";
import { offerInstall, startOffline, takeShared } from "./offline.ts";
import { watchPictures, type Photo } from "./pictures.ts";
import { inWords } from "./phrases.ts";
import { closeProblem, showProblem } from "./problem.ts";
import { findStandIn } from "./recovery.ts";
import { forCamera, forLostGraphics, forMissingSite, INSECURE_CAMERA, NO_PICTURES } from "./refusals.ts";
import { createSession } from "./session.ts";
import { createSwitches } from "./switches.ts";
import { createTray, type Entry } from "./tray.ts";
import { canShow, setSeenPart, showNothing, showPhoto, showVideo } from "./view.ts";
import { showLoading } from "./loading.ts";
import { milliseconds } from "./words.ts";

const manifest = new URL("manifest.json", document.baseURI);
const live = find("live", HTMLElement);
const liveText = find("live-text", HTMLElement);

offerInstall();
await startOffline();
try {
  const site = await readManifest(manifest);
  if (site.models.length === 0) throw new EdgeKitError(`${manifest.href} lists no model.`);
  run(site);
} catch (error) {
  showLoading(null);
  showProblem(forMissingSite(error));
  for (const part of document.querySelectorAll<HTMLElement>(".desk, .panel")) part.hidden = true;
}

function run(site: SiteManifest): void {
  const name = site.name || "EdgeKit";
  document.title = name;
  find("name", HTMLElement).textContent = name;
  find("agent", HTMLElement).textContent = describePage();

  const session = createSession(manifest);
  const tray = createTray((entry) => {
    // On a phone the pictures so far are below the answer.
    find("view", HTMLElement).scrollIntoView({ block: "nearest" });
    void look(entry);
  });
  const switches = createSwitches(site, (next) => {
    history.replaceState(null, "", writeChoice(next));
    void choose(next);
  });
  const camera = createCamera((video) => mended(() => session.classify(video)), showFrame, failCamera);
  const bench = createBenchPanel(measure, say, showProblem);
  let choice = readChoice(location.hash, site);
  /** The photo on stage. */
  let shown: Entry | null = null;
  /** Why no model is loaded, where loading has failed. */
  let failure: unknown = null;
  let mending: { readonly model: Model; readonly done: Promise<boolean> } | null = null;

  async function choose(next: Choice): Promise<void> {
    choice = next;
    failure = null;
    closeProblem();
    liveText.textContent = "Live";
    switches.show(next);
    switches.report(null);
    bench.allow(false);
    showLoading({ loaded: 0, total: null });
    try {
      const model = await session.open(next, (loaded, total) => {
        if (choice === next) showLoading({ loaded, total });
      });
      if (model === null) return;
      showLoading(null);
      showClasses(model.spec);
      setSeenPart(model.spec);
      switches.report(model);
      bench.allow(true);
      if (!model.spec.inputs.some((input) => input.image !== null)) return showProblem(NO_PICTURES);
      if (shown !== null && !camera.running) await look(shown);
    } catch (error) {
      failure = error;
      showLoading(null);
      hideAnswer();
      switches.fail(error);
      showProblem(error);
    }
  }

  /** Closes a message that is over; why there is no model stays, or is said again. */
  function settle(): void {
    if (failure === null) closeProblem();
    else showProblem(failure);
  }

  /**
   * Asks the model; where its graphics processor is gone, loads it in an engine that needs none and answers `null`, as
   * always while a model is being loaded. What the address says stays: next time all may be well again.
   */
  async function mended<T>(ask: () => Promise<T | null>): Promise<T | null> {
    const { model } = session;
    try {
      return await ask();
    } catch (error) {
      if (model === null) throw error;
      // Several may wait for the same end.
      if (mending?.model !== model) mending = { model, done: mend(model) };
      if (await mending.done) return null;
      mending = null;
      throw error;
    }
  }

  /** Whether another model is there now. */
  async function mend(model: Model): Promise<boolean> {
    const engine = await findStandIn(model);
    if (model !== session.model) return true;
    if (engine === null) return false;
    await choose({ model: choice.model, engine });
    if (session.model !== null) showProblem(forLostGraphics(model.engine.name, session.model.engine.name));
    return true;
  }

  async function look(entry: Entry): Promise<void> {
    const before = shown;
    closeCamera();
    show(entry);
    try {
      const answer = await mended(() => session.classify(entry.blob));
      if (shown !== entry) return;
      // Without one, a model is still being loaded, which will look at what is shown then, or none could be.
      if (answer === null || session.model === null) return entry === before ? undefined : hideAnswer();
      closeProblem();
      showAnswer(answer, session.model.spec);
      tray.name(entry, answer.predictions[0]?.name ?? entry.name);
      say(inWords(answer.predictions));
    } catch (error) {
      if (shown === entry) showProblem(error, entry.name);
      if (await canShow(entry.address)) {
        if (shown === entry) hideAnswer();
        return;
      }
      // What is no picture goes; the answer that stands there is to the one before.
      tray.drop(entry);
      if (shown === entry) show(before);
    }
  }

  function show(entry: Entry | null): void {
    shown = entry;
    tray.mark(entry);
    if (entry === null) showNothing();
    else showPhoto(entry.address, entry.name);
  }

  async function receive(photos: readonly Photo[]): Promise<void> {
    settle();
    for (const photo of photos) await look(tray.add(photo));
  }

  function showFrame(answer: Classification, rate: number): void {
    if (session.model === null) return;
    showAnswer(answer, session.model.spec);
    liveText.textContent = `Live, ${rate.toFixed(0)} a second, ${milliseconds(answer.times.total)} ms`;
    const best = answer.predictions[0];
    if (best !== undefined) sayWhenItStays(best.label, inWords(answer.predictions), performance.now());
  }

  async function openCamera(): Promise<void> {
    settle();
    if (!("mediaDevices" in navigator)) {
      // Phones offer their own camera for a photo even where the live one is out of reach.
      if (matchMedia("(pointer: coarse)").matches) find("capture", HTMLInputElement).click();
      else showProblem(INSECURE_CAMERA);
      return;
    }
    try {
      await camera.start();
    } catch (error) {
      return failCamera(error);
    }
    shown = null;
    tray.mark(null);
    forget();
    hideAnswer();
    showVideo();
    switchActions(true);
    find("keep", HTMLButtonElement).focus();
    find("flip", HTMLButtonElement).hidden = !(await camera.hasOther());
  }

  function failCamera(error: unknown): void {
    closeCamera();
    showProblem(error instanceof DOMException ? forCamera(error.name, error.message) : error);
  }

  function closeCamera(): void {
    if (!live.hidden) showNothing();
    camera.stop();
    switchActions(false);
  }

  async function measure(onProgress: (share: number) => void) {
    // The camera's frames would stand in the way, and in the numbers.
    if (camera.running) closeCamera();
    const { model } = choice;
    const benchmark = await mended(() => session.benchmark(onProgress));
    return benchmark === null ? null : { model, benchmark };
  }

  find("camera", HTMLButtonElement).addEventListener("click", () => void openCamera());
  find("keep", HTMLButtonElement).addEventListener("click", async () => {
    try {
      await receive([await camera.keep()]);
      find("camera", HTMLButtonElement).focus();
    } catch (error) {
      showProblem(error);
    }
  });
  find("flip", HTMLButtonElement).addEventListener("click", () => void camera.flip().catch(failCamera));
  find("stop", HTMLButtonElement).addEventListener("click", () => {
    closeCamera();
    find("camera", HTMLButtonElement).focus();
  });
  watchPictures((photos) => void receive(photos), (message) => showProblem(message));
  addEventListener("hashchange", () => {
    const next = readChoice(location.hash, site);
    if (next.model !== choice.model || next.engine !== choice.engine) void choose(next);
  });
  void choose(choice);
  void takeShared().then((file) => file && receive([{ blob: file, name: file.name }]));
}

function switchActions(withCamera: boolean): void {
  live.hidden = !withCamera;
  find("actions", HTMLElement).hidden = withCamera;
  find("camera-actions", HTMLElement).hidden = !withCamera;
}

/** What a reader of a screenshot wants to know about where it was made. */
function describePage(): string {
  const cores = `${navigator.hardwareConcurrency} processor cores`;
  const isolated = crossOriginIsolated ? "threads allowed" : "no threads (the server sends no COOP and COEP headers)";
  return isSecureContext
    ? `${cores}, ${isolated}.`
    : `${cores}. Plain http: no live camera, WebGPU, threads or offline use here.`;
}

// The two switches: which model, and which engine.
import type { Model } from "../src/api.ts";
import { FORMATS, type EngineName } from "../src/engines/engine.ts";
import type { Choice } from "./address.ts";
import { find, make } from "./dom.ts";
import { explain, explainOthers } from "./explain.ts";
import type { SiteManifest, SiteModel } from "../src/manifest.ts";
import { bytes, ENGINES, milliseconds, reason } from "./words.ts";

const models = find("models", HTMLFieldSetElement);
const engines = find("engines", HTMLFieldSetElement);
const why = find("why", HTMLElement);
const others = find("others", HTMLElement);

const FORMAT_NAMES = { tfjs: "TensorFlow.js", tflite: "LiteRT" } as const;

export interface Switches {
  /** Shows a choice. */
  show(choice: Choice): void;
  /** Shows what came of it: what was tried, and what runs. `null` while it loads. */
  report(model: Model | null): void;
  /** Shows that the choice could not be loaded, and why. */
  fail(error: unknown): void;
}

export function createSwitches(site: SiteManifest, onChoose: (choice: Choice) => void): Switches {
  let choice: Choice = { model: site.models[0]!, engine: null };

  const radios = new Map<SiteModel, HTMLInputElement>();
  for (const model of site.models) {
    const option = makeOption("model", FORMAT_NAMES[model.format], `${model.precision}, ${bytes(model.bytes)}`);
    option.radio.value = model.id;
    option.radio.addEventListener("change", () => {
      const engine = choice.engine !== null && FORMATS[choice.engine] === model.format ? choice.engine : null;
      onChoose({ model, engine });
    });
    radios.set(model, option.radio);
    models.append(option.label);
  }

  function showEngines(): void {
    const fitting = (Object.keys(FORMATS) as EngineName[]).filter((name) => FORMATS[name] === choice.model.format);
    const legend = engines.querySelector("legend")!;
    const options = [null, ...fitting].map((engine) => {
      const words = engine === null ? "The fastest" : ENGINES[engine].name;
      const option = makeOption("engine", words, engine === null ? "by trying" : "");
      option.radio.value = engine ?? "";
      option.radio.checked = engine === choice.engine;
      option.radio.addEventListener("change", () => onChoose({ model: choice.model, engine }));
      return option.label;
    });
    engines.replaceChildren(legend, ...options);
  }

  return {
    show(next) {
      const other = next.model.format !== choice.model.format || engines.childElementCount === 1;
      choice = next;
      radios.get(next.model)!.checked = true;
      // Rebuilding would take the keyboard's focus away.
      if (other) showEngines();
      else for (const radio of engines.querySelectorAll("input")) radio.checked = radio.value === (next.engine ?? "");
    },
    report(model) {
      why.textContent = model === null ? "" : explain(model, choice.engine);
      const reasons = model === null ? [] : explainOthers(model);
      others.replaceChildren(...reasons.map((words) => make("li", "", words)));
      if (model === null) return;
      for (const tried of model.tried) {
        const { engine, ms } = tried;
        if (ms === null && engine === model.engine.name) continue;
        annotate(engine, ms === null ? "not here" : `${milliseconds(ms)} ms`, ms === null ? tried.reason : "");
      }
    },
    fail(error) {
      why.textContent = reason(error);
      if (choice.engine !== null) annotate(choice.engine, "did not start", reason(error));
    },
  };
}

/** Writes what became of an engine into its option. */
function annotate(engine: EngineName, words: string, title: string): void {
  const option = engines.querySelector(`input[value="${engine}"]`)?.parentElement;
  const note = option?.querySelector(".note");
  if (!option || !note) return;
  note.textContent = words;
  option.title = title;
}

function makeOption(group: string, words: string, note: string): { label: HTMLLabelElement; radio: HTMLInputElement } {
  const label = make("label", "option");
  const radio = make("input");
  radio.type = "radio";
  radio.name = group;
  const text = make("span", "face");
  text.append(make("span", "words", words), make("span", "note", note));
  label.append(radio, text);
  return { label, radio };
}
